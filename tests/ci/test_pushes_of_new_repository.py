"""Pushes of a repository that `ci new` made: the real pipeline, engine and registry, in order.

The first of the stories, and what only such a repository has: a base image that others publish.
All stories: tests/drills/pushes.py.
"""

from tests.ci.houses import Houses, PushesOfNewRepository
from tests.ci.push_stories import FirstPushes, logs
from tests.ci.test_new_repository import SERVING


class TestFirstPushes(PushesOfNewRepository, FirstPushes):
    """In a repository without the framework."""

    def test_a_schedule_rebuilds_on_the_newest_base_image(self, team: Houses) -> None:
        before = team.live()
        team.publish_base(f"RUN echo '# changed' >> /opt/framework/{SERVING}")
        pipeline = team.scheduled()
        assert pipeline.status("publish") == "failed"
        said = f"holds another framework than the one that plans here: {SERVING}"
        assert said in pipeline.log("publish")
        assert team.live() == before

        team.publish_base("RUN echo patched > /etc/patched")
        pipeline = team.scheduled()
        assert pipeline.succeeded, logs(pipeline)
        assert "the base image" in pipeline.log("staging")
        assert team.live()["artifact"] == before["artifact"]
        assert team.live()["image"] == team.pointer() != before["image"]

        after = team.live()
        pipeline = team.scheduled()
        assert "Nothing to build and nothing to release." in pipeline.log("staging"), logs(pipeline)
        assert team.live() == after
