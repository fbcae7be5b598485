"""A model as a function: signature, scoring, and the prediction ledger.

Nothing is imported here, because the scoring process imports this package too and must stay small. The modules, from
what a model declares to a function in a dataflow:

- ``signature``: what a model takes and gives, as plan types.
- ``checks``: rows that a model cannot take become error values before anything is sent.
- ``scorer``: the one interface to whatever scores: an Arrow batch in, values and errors out.
- ``worker`` and ``process``: the process that loads a registry model, and its owner.
- ``keys``, ``fingerprint``, ``ledger``: what has been scored once is not scored again.
- ``functions``: a model version as a batch function of a plan.
- ``environment``: model functions by the names M uses.
"""
