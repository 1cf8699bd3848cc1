"""Cases × processors on dask.distributed, with a ledger, resume and one summary.

cases.py finds what a folder holds, processors.py what each package can do with it, run.py does
it, task.py is what a worker executes, ledger.py remembers, placing.py puts results in place and
never over what a person touched, summary.py tells.
"""
