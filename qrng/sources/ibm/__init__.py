"""IBM Quantum hardware as a noise source, through qiskit-ibm-runtime (extra `ibm`), imported only when one is opened.

| module | what |
|---|---|
| client | the account, the connection, every error as one clear message |
| circuits | Hadamard circuits, known-answer circuits, bits out of results |
| plans | what a job executes, within the limits; what it costs |
| learned | qubits and couplers chosen by calibration and past jobs |
| jobs | submit and collect, each on its own |
| ledger | what was submitted, in SQLite: no qiskit needed to look |
| source | `ibm:BACKEND` as a live source |
"""
