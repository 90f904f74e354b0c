"""Takes all of it away again, and nothing else.

uninstall       asks, removes, tells
plan            what there is to remove, and what stays
belongings      the files that come up while Samelight is used
ending          the daemon, ended without any help of its own
farewell        what a program cannot do to itself on Windows
"""
