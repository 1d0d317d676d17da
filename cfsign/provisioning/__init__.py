"""
Create and rotate keys in CloudFront with boto3 (the extra `aws`).

Every step can be repeated. The state is read from CloudFront and from the files next to the key
ring's document; there is no other record.
"""

from cfsign.provisioning.actions import Actions as Actions
from cfsign.provisioning.aws import AWSError as AWSError
from cfsign.provisioning.aws import cloudfront_client as cloudfront_client
from cfsign.provisioning.cloudfront import MAX_KEYS as MAX_KEYS
from cfsign.provisioning.cloudfront import CloudFront as CloudFront
from cfsign.provisioning.creation import create_key as create_key
from cfsign.provisioning.ring_file import RingFile as RingFile
from cfsign.provisioning.rotation import Rotation as Rotation
