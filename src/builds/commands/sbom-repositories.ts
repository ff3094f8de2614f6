/**
 * The repositories of the Docker Official Images whose bills of materials are known to be right: those in which the
 * scanner finds what is installed, whatever tool installed it.
 * @see https://github.com/docker-library/meta-scripts/blob/main/doi.jq where they are kept
 */
export const sbomRepositories: ReadonlySet<string> = new Set(
  `
  aerospike almalinux alpine alt amazoncorretto amazonlinux api-firewall arangodb archlinux backdrop bash
  bonita buildpack-deps busybox caddy cassandra chronograf cirros clojure composer convertigo couchdb crate
  debian drupal eclipse-mosquitto eclipse-temurin eggdrop elasticsearch elixir emqx erlang fedora flink
  fluentd gazebo gcc geonetwork ghost golang gradle groovy haproxy haskell hitch httpd hylang
  ibm-semeru-runtimes ibmjava influxdb irssi jetty jruby julia kapacitor kibana kong liquibase logstash
  mageia mariadb maven memcached mongo mongo-express mono mysql neo4j neurodebian nginx node odoo openjdk
  open-liberty oraclelinux orientdb perl photon php plone postgres pypy python r-base rabbitmq rakudo-star
  redis registry rethinkdb rockylinux ros ruby rust sapmachine satosa silverpeas solr sonarqube spark
  spiped storm swift swipl telegraf tomcat tomee traefik ubuntu websphere-liberty wordpress xwiki znc
  zookeeper
`
    .trim()
    .split(/\s+/),
);
