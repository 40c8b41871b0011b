"""Settings of the whole suite: nothing in it depends on how fast, or how busy, a machine is."""

from hypothesis import HealthCheck, settings

settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
