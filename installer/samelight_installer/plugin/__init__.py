"""What is put into an editor, so that it has "Harmonize layer".

    installing      all editors, one after the other: put in, looked at, taken out
    krita_plugin, gimp_plugin       where each editor wants what
    placing, folder, stamp          how a plugin's folder gets into its place, whole or not at all, once
    vendoring       the packages that it carries along
    connection_copies       the daemon's address for editors in a sandbox
    archives        zip files for the editors' own importers

(In a wheel the plugins' own code lies beside this, in the folder `plugins`.)
"""
