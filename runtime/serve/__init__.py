"""The wire's other end: the process that Blender starts and asks.

server.py    frames in and out, one request after another, cancel, the beat
tasks.py     ADAPTERS: the task's name to the function that answers its request
generate.py, edit.py, recognize.py, library.py   these functions: the request to the task's room, and its result
models.py    networks and libraries that stay loaded
parent.py    whether whoever started it is still there

What can be asked for stands in coamd_blender/wire/requests; the verb ``serve`` in runtime/cli/serve.py.
"""
