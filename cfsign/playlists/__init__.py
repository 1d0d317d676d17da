"""
Playlists whose URIs carry a folder's signature, so that every player can fetch the segments.

A player does not pass the query of a playlist on to its segments.
"""

from cfsign.playlists.hls import sign_hls

__all__ = ["sign_hls"]
