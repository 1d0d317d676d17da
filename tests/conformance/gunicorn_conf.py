"""The configuration of gunicorn."""

workers = 2
threads = 4
limit_request_line = 8190  # the maximum; the default is 4,094
control_socket_disable = True
