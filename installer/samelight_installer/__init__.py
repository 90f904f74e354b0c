"""Sets Samelight up with nothing but the standard library, on Python 3.8 and newer.

    main            the command line: install, `uninstall`, `test`, `build`
    product         the steps of an installation; planning says them before, closing afterwards
    environment/    Samelight's own Python environment
    editors/        which Kritas and GIMPs there are
    plugin/         what is put into them
    login/          the daemon's start at login
    removal/        the way back
    record          what was put onto this machine; all the others write it down there first

The steps for editors and login run inside the new environment, by `samelight install`; `pip install samelight` has
them, too.
"""
