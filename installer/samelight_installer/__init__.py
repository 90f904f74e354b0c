"""Sets Samelight up with nothing but the standard library, on Python 3.8 and newer; see `main` for the steps."""
