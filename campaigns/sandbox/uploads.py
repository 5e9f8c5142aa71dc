"""What is sent in: images, videos, audiences and their members, conversion events."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import struct
from typing import Any

from campaigns.sandbox import actions
from campaigns.sandbox.call import Call
from campaigns.sandbox.errors import GraphError, bad_parameter, invalid, missing_parameter
from campaigns.sandbox.params import Upload
from campaigns.sandbox.render import listed
from campaigns.sandbox.world import Record

SEVEN_DAYS = 7 * 86400
VIDEO_READY_AFTER = 90  # seconds in sandbox time
AUDIENCE_BATCH = 10_000


def _create_image(call: Call, _: Record) -> dict[str, Any]:
    """By `bytes` (base64), by any multipart file, or as a copy."""
    uploads = dict(call.params.files)
    if "bytes" in call.params:
        try:
            content = base64.b64decode(call.params.text("bytes"), validate=False)
        except (binascii.Error, ValueError):
            raise invalid(1487411, "File type not supported", "The bytes are not base64.", "bytes") from None
        uploads["bytes"] = Upload(call.params.text("name", "bytes"), content)
    if not uploads:
        raise missing_parameter("bytes")
    return {
        "images": {name if name == "bytes" else upload.name: _image(call, upload) for name, upload in uploads.items()}
    }


def _image(call: Call, upload: Upload) -> dict[str, Any]:
    size = image_size(upload.content)
    if size is None:
        raise invalid(1487411, "File type not supported", "Images must be JPEG, PNG or GIF.", "filename")
    image_hash = hashlib.md5(upload.content, usedforsecurity=False).hexdigest()
    actions.add_image(call.world, upload.name, image_hash, *size)
    url = f"https://scontent.example/{image_hash}.jpg"
    return {
        "hash": image_hash,
        "url": url,
        "url_128": url,
        "url_256": url,
        "url_256_height": "256",
        "url_256_width": "256",
        "height": size[1],
        "width": size[0],
        "name": upload.name,
    }


def image_size(content: bytes) -> tuple[int, int] | None:
    """(width, height) of a PNG, GIF or JPEG; None for anything else."""
    if content[:8] == b"\x89PNG\r\n\x1a\n" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if content[:4] == b"GIF8" and len(content) >= 10:
        width, height = struct.unpack("<HH", content[6:10])
        return width, height
    return _jpeg_size(content) if content[:2] == b"\xff\xd8" else None


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """From the frame header; a plain square where there is none."""
    at = 2
    while at + 9 < len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], struct.unpack(">H", content[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return 1080, 1080


def _images(call: Call, _: Record) -> dict[str, Any]:
    hashes = {str(item) for item in call.params.items("hashes")}
    return listed(call, [image for image in call.world.of_kind("image") if not hashes or image.data["hash"] in hashes])


def _delete_image(call: Call, _: Record) -> dict[str, Any]:
    image = call.world.get(f"{call.world.identity.account_id}:{call.params.text('hash')}")
    if image is None:
        raise bad_parameter("The image hash was not found", "hash")
    used = any(
        image.data["hash"] in json.dumps(creative.data)
        for creative in call.world.of_kind("creative")
        if creative.data.get("status") != "DELETED"
    )
    if used:
        raise bad_parameter("The image is used by a creative and cannot be deleted", "hash")
    call.world.change(image, status="DELETED")
    return {"success": True}


def _create_video(call: Call, record: Record) -> dict[str, Any]:
    """One multipart file, a `file_url`, or the phases of a chunked upload."""
    phase = call.params.text("upload_phase")
    if phase == "start":
        size = call.params.number("file_size")
        video = _new_video(call, record, waiting=True, size=size)
        return {
            "upload_session_id": f"9{video.id}",
            "video_id": video.id,
            "start_offset": "0",
            "end_offset": str(min(size, 1 << 20)),
        }
    if phase in ("transfer", "finish"):
        return _continue_video(call, phase)
    if (
        "source" not in call.params.files
        and "file_url" not in call.params
        and "video_file_chunk" not in call.params.files
    ):
        raise missing_parameter("source")
    return {"id": _new_video(call, record).id}


def _new_video(call: Call, record: Record, waiting: bool = False, size: int = 0) -> Record:
    title = call.params.text("title") or call.params.text("name")
    ready = 0 if waiting else int(call.world.now()) + VIDEO_READY_AFTER
    return call.world.add("video", record.id, {"title": title, "ready_at": ready, "file_size": size, "received": 0})


def _continue_video(call: Call, phase: str) -> dict[str, Any]:
    video = call.world.get(call.params.text("upload_session_id")[1:], "video")
    if video is None:
        raise bad_parameter("The upload session does not exist", "upload_session_id")
    if phase == "finish":
        call.world.change(video, ready_at=int(call.world.now()) + VIDEO_READY_AFTER, title=call.params.text("title"))
        return {"success": True}
    chunk = call.params.files.get("video_file_chunk")
    if call.params.number("start_offset") != video.data["received"] or chunk is None:
        raise GraphError(100, "Invalid start_offset", subcode=1363037)
    received = video.data["received"] + len(chunk.content)
    call.world.change(video, received=received)
    return {"start_offset": str(received), "end_offset": str(min(received + (1 << 20), video.data["file_size"]))}


def _create_audience(call: Call, record: Record) -> dict[str, Any]:
    if "name" not in call.params:
        raise missing_parameter("name")
    values = {
        name: call.params.text(name)
        for name in ("name", "subtype", "description", "customer_file_source", "rule", "origin_audience_id")
        if name in call.params
    }
    return {
        "id": call.world.add(
            "audience",
            record.id,
            {
                **values,
                "members": [],
                "approximate_count_lower_bound": 1000,
                "approximate_count_upper_bound": 1000,
                "operation_status": {"code": 200, "description": "Normal"},
                "delivery_status": {"code": 300, "description": "Audience too small"},
            },
        ).id
    }


def _members(call: Call) -> list[str]:
    payload = call.params.json("payload")
    data = payload.get("data") if isinstance(payload, dict) else None
    if not isinstance(data, list):
        raise missing_parameter("payload")
    if len(data) > AUDIENCE_BATCH:
        raise bad_parameter(f"At most {AUDIENCE_BATCH} users per request", "payload")
    return [json.dumps(item) for item in data]


def _add_members(call: Call, audience: Record) -> dict[str, Any]:
    members = _members(call)
    _keep_members(call, audience, sorted({*audience.data["members"], *members}))
    return _members_answer(call, audience, len(members))


def _remove_members(call: Call, audience: Record) -> dict[str, Any]:
    members = _members(call)
    _keep_members(call, audience, sorted({*audience.data["members"]} - {*members}))
    return _members_answer(call, audience, len(members))


def _keep_members(call: Call, audience: Record, members: list[str]) -> None:
    ready = (
        {"code": 200, "description": "Ready"}
        if len(members) >= 100
        else {"code": 300, "description": "Audience too small"}
    )
    call.world.change(
        audience,
        members=members,
        delivery_status=ready,
        approximate_count_lower_bound=max(len(members), 1000),
        approximate_count_upper_bound=max(len(members), 1000),
    )


def _members_answer(call: Call, audience: Record, received: int) -> dict[str, Any]:
    session = call.params.json("session", {}).get("session_id", 1)
    return {
        "audience_id": audience.id,
        "session_id": str(session),
        "num_received": received,
        "num_invalid_entries": 0,
        "invalid_entry_samples": {},
    }


def _audiences(call: Call, _: Record) -> dict[str, Any]:
    return listed(call, [audience for audience in call.world.of_kind("audience") if not audience.data.get("deleted")])


def _receive_events(call: Call, pixel: Record) -> dict[str, Any]:
    """Conversions API: objects, or texts of objects. One bad event refuses all; an event seen already counts once."""
    events = [json.loads(item) if isinstance(item, str) else item for item in call.params.items("data")]
    if not events:
        raise missing_parameter("data")
    for event in events:
        if not {"event_name", "event_time", "user_data"} <= set(event):
            raise invalid(2804003, "Event is incomplete", "event_name, event_time and user_data are required.", "data")
        if event["event_time"] < call.world.now() - SEVEN_DAYS:
            raise invalid(2804003, "Event timestamp too old", "event_time must be within the last seven days.", "data")
    seen = set(pixel.data.get("event_keys", []))
    fresh = {
        f"{event['event_name']}|{event.get('event_id') or json.dumps(event, sort_keys=True)}" for event in events
    } - seen
    counts = dict(pixel.data.get("event_counts", {}))
    for key in fresh:
        name = key.partition("|")[0]
        counts[name] = counts.get(name, 0) + 1
    call.world.change(
        pixel, event_keys=sorted(seen | fresh), event_counts=counts, last_fired_time=int(call.world.now())
    )
    return {"events_received": len(events), "messages": [], "fbtrace_id": f"A{len(seen):015x}"}


def _pixel_stats(call: Call, pixel: Record) -> dict[str, Any]:
    counts = [{"value": name, "count": count} for name, count in sorted(pixel.data.get("event_counts", {}).items())]
    start = call.world.local(call.world.now()).strftime("%Y-%m-%dT%H:00:00%z")
    return {
        "data": [{"start_time": start, "aggregation": call.params.text("aggregation", "event"), "data": counts}]
        if counts
        else []
    }


def _thumbnails(call: Call, video: Record) -> dict[str, Any]:
    if call.world.now() < (video.data["ready_at"] or float("inf")):
        return {"data": []}
    uri = f"https://scontent.example/{video.id}.jpg"
    only = {"id": f"{video.id}1", "uri": uri, "height": 1080, "width": 1080, "scale": 1, "is_preferred": True}
    return {"data": [only]}


GET_EDGES = {
    ("video", "thumbnails"): _thumbnails,
    ("account", "adimages"): _images,
    ("account", "customaudiences"): _audiences,
    ("pixel", "stats"): _pixel_stats,
    ("account", "advideos"): lambda call, _: listed(call, call.world.of_kind("video")),
}
POST_EDGES = {
    ("account", "adimages"): _create_image,
    ("account", "advideos"): _create_video,
    ("account", "customaudiences"): _create_audience,
    ("audience", "users"): _add_members,
    ("pixel", "events"): _receive_events,
}
DELETE_EDGES = {("account", "adimages"): _delete_image, ("audience", "users"): _remove_members}
