#!/bin/sh
# Prints the class path of an Apache Kafka broker, for the tests that talk to a real
# one: java -cp "$(scripts/kafka.sh)" kafka.Kafka server.properties. Maven fetches it
# once into the cache, about 45 MB.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=cache.sh
. "$here/cache.sh"

kafka=org.apache.kafka:kafka_2.13:4.1.0
slf4j=org.slf4j:slf4j-simple:1.7.36

main() {
	have java || apt_install openjdk-17-jre-headless ||
		fail 'a Kafka broker needs Java 17 or newer: run "sudo apt-get install openjdk-17-jre-headless"'
	directory=$(cache_dir)/kafka/${kafka##*:}
	[ -d "$directory" ] || fetch
	printf '%s/*\n' "$directory"
}

fetch() {
	have mvn || apt_install maven ||
		fail 'Maven fetches the Kafka broker that tests talk to: run "sudo apt-get install maven"'
	say "fetching Kafka ${kafka##*:} with Maven (once, about 45 MB)"
	scratch_dir "$(cache_dir)/kafka"
	project >"$scratch/pom.xml"
	mvn -q -B -C -f "$scratch/pom.xml" dependency:copy-dependencies \
		-DincludeScope=runtime "-DoutputDirectory=$scratch/jars" </dev/null >"$scratch/log" 2>&1 ||
		fail "Maven can't fetch $kafka ($(tail -n 1 "$scratch/log")): see that it reaches its repository and try again"
	mv "$scratch/jars" "$directory" 2>/dev/null || [ -d "$directory" ] ||
		fail "$directory can't be written"
}

# project prints a Maven project that needs nothing but the broker.
project() {
	cat <<-EOF
		<project xmlns="http://maven.apache.org/POM/4.0.0">
		  <modelVersion>4.0.0</modelVersion>
		  <groupId>rankgate</groupId> <artifactId>kafka</artifactId> <version>1</version>
		  <dependencies>
		    $(dependency $kafka)
		    $(dependency $slf4j)
		  </dependencies>
		</project>
	EOF
}

# dependency GROUP:ARTIFACT:VERSION prints it as XML.
dependency() {
	rest=${1#*:}
	printf '<dependency> <groupId>%s</groupId> <artifactId>%s</artifactId> <version>%s</version> </dependency>\n' \
		"${1%%:*}" "${rest%%:*}" "${rest#*:}"
}

main "$@"
