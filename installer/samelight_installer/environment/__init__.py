"""The Python environment of Samelight's own: made, filled, tried out, replaced.

upgrade         brings it up to date; all others serve that
slots           its two places, of which one is in use
environment     one such place: a virtual environment, told by inspection what is in it
interpreters, preparing     a Python to make it with, a disk to hold it
torch_choice    which build of torch, by which lock file
packages, downloads, pip    what a lock file names, fetched and put in
"""
