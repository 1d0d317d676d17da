"""
What is wrong with the settings of a site, in words, and what would mend it.

`Configuration` says whether settings can work; this package says as well what works and is not
meant: a bucket in the place of the distribution, a key that others can read. It imports no web
framework: settings come from the environment, or from a module or an object that holds them.
"""

from cfsign.doctor.diagnosis import diagnose as diagnose
from cfsign.doctor.finding import Finding as Finding
from cfsign.doctor.report import as_json as as_json
from cfsign.doctor.report import as_text as as_text
from cfsign.doctor.settings import Settings as Settings
