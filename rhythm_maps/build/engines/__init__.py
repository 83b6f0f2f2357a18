"""Ways to run the shards of a build. All of them call one pure function; the bytes do not depend on the engine."""
