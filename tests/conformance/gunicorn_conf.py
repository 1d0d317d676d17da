"""The WSGI server of the suite."""

workers = 2
threads = 4
limit_request_line = 8190  # the most there is; 4,094 if nothing is said
control_socket_disable = True
