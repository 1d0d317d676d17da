"""
One site for each adapter: login, renewal and logout with cookies that open folders.

`docs/login-and-logout.md` quotes the lines between `# --8<--` marks.
"""
