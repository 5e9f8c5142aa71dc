from django.apps import AppConfig


class AgentConfig(AppConfig):
    name = "mediabuyer.agent"
    label = "agent"
    verbose_name = "Agent"

    def ready(self) -> None:
        from django_q.signals import post_spawn

        from mediabuyer.agent.tasks import ring_for_heartbeat

        post_spawn.connect(ring_for_heartbeat)
