from django.apps import AppConfig


class BrandsConfig(AppConfig):
    name = "mediabuyer.brands"
    label = "brands"
    verbose_name = "Brands and people"

    def ready(self) -> None:
        from mediabuyer.brands import checks  # noqa: F401 - registers the system checks
