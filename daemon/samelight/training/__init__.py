"""Training on composites made from photographs, or on iHarmony4: `python -m samelight.training`, docs/training.md.

Runs where torch, numpy, Pillow, scikit-image, safetensors and rich are installed, and nothing else of the daemon's.

    source        where composites come from: a protocol; composites/ and iharmony4 make them
    recipes       how each network is trained, losses/ by what
    trainer       the loop; what it is made of is in a file each: draws, supply, stepping, learner, average, readings,
                  agreement, history, checkpoint, state, best, stopping
    distributed   several processes
    options       what a person can ask for; choosing and command make a training of it
    export        what it leaves behind
"""
