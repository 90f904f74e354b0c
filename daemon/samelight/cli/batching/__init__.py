"""What `samelight batch` is made of.

pairs          which composite belongs to which mask, and what of a folder is left out
originals      the pictures are never overwritten
records        what each result was made of, in a file beside the results
report         what came of a folder, in words and for JSON
ledger         notes what came of one picture in all of these places
work           the pictures one after the other
overlap        files read and written meanwhile
interruptions  Ctrl+C and SIGTERM
"""
