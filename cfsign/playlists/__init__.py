"""
HLS and DASH playlists whose URIs carry a folder's signature, so that players can fetch segments.

A player does not pass the query of a playlist on to its segments.
"""

from cfsign.playlists.dash import sign_dash
from cfsign.playlists.hls import sign_hls

__all__ = ["sign_dash", "sign_hls"]
