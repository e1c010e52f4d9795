"""How Celery's worker and its client find each other: by files."""


def broker(folder: str) -> dict[str, object]:
    """Settings of Celery's; the directory is there."""
    options = {
        "data_folder_in": folder,
        "data_folder_out": folder,
        "control_folder": folder + "-control",
        "polling_interval": 0.05,
    }
    return {"broker_transport_options": options, "set_as_current": False}
