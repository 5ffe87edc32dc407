from tests.adoption.conftest import bench, english, prepared

__all__ = ["bench", "english", "prepared"]
