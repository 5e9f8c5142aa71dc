from django.apps import AppConfig


class AgentConfig(AppConfig):
    name = "mediabuyer.agent"
    label = "agent"
    verbose_name = "Agent"
