"""MIN3P, the reference model: write decks, run the user's executable, read any run folder, accept what closes.

MIN3P (Mayer et al. 2002, https://doi.org/10.1029/2001WR000862; https://github.com/min3p-ubc/min3p, MIT) is not part of
calcisol: ``MIN3P_EXE`` names the user's executable and ``MIN3P_DB`` the folder of its default ``*.dbs`` files.
"""
