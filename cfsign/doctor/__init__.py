"""
Diagnose a site's settings: `cfsign doctor`.

The errors, warnings and notes of `cfsign.config`, and the result of signing and checking a URL with
each key. No web framework is imported: settings come from the environment, a module or an object.
"""

from cfsign.doctor.diagnosis import diagnose as diagnose
from cfsign.doctor.report import as_json as as_json
from cfsign.doctor.report import as_text as as_text
from cfsign.doctor.settings import read_environment as read_environment
from cfsign.doctor.settings import read_mapping as read_mapping
from cfsign.doctor.settings import read_target as read_target
