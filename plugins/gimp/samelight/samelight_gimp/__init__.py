"""What the GIMP plug-in does, one idea a module; `call` is where it begins.

    call          one call of a procedure: choices, harmonize, outcome
    harmonizing   the whole way, from the selected layers to the new ones
    choices       what the artist chose, in the dialog, before, or in a script
    dialog        the dialog
    subjects      which of the selected drawables are harmonized, and what is refused
    bounds        where a layer shows anything
    pixels        GIMP's pixels as rasters, and back
    colour        what GIMP's pixel formats mean
    duplicates    duplicates of the image, to be taken apart
    filtered      a layer with filters, as it shows itself
    reading       what a request needs of a layer
    backdrop      what is visible below a layer
    waiting       the request, with progress
    changes       what the artist did to layers meanwhile
    inserting     the new layers, in one undo step
    starting      starting the daemon
    places        where the plug-in finds its parts and the daemon

No module does arithmetic with pixels; that is the daemon's part.
"""
