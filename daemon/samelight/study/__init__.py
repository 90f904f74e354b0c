"""Blind pairwise user studies: which of two results do people find more harmonious, and how strong is each method?

Two papers whose networks are here report such a study. SRIN (section 3.2): 100 real composites, four methods, 50 users
"to identify the more harmonious one in each pair", 20,000 answers, Bradley-Terry scores (its Table 4). SRIH (section
4.5): 100 real composites, the composite itself and three methods, 600 pairs (all pairs of the four pictures of each
composite), 20 participants with 60 pairs each, one pair at a time, 1,200 answers, Bradley-Terry scores. Neither offers
"no difference", and neither says how often sides were swapped or pairs repeated.

`planning` deals the pairs, `making` writes the page and the answer key, `answers` reads what comes back, `scoring` and
`bradley_terry` make the table of it.
"""
