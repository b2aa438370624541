#include "role.h"

#include <stdbool.h>
#include <string.h>

#define NAME_MAX_LENGTH 128

// clang-format off
/* Rows over the whole name, in capitals with '_' between its words; the first that fits wins.
 * Sources: the documentation of the programs named, and the incidents in tests/data. */
static const struct row {
    const char *glob;
    enum role role;
} rows[] = {
    /* told to clients */
    {"*ADVERTISE*", ROLE_ADVERTISED},        {"*ANNOUNCE*", ROLE_ADVERTISED},
    {"*PUBLISH_HOST", ROLE_ADVERTISED},      {"VAULT_API_ADDR", ROLE_ADVERTISED},
    {"VAULT_CLUSTER_ADDR", ROLE_ADVERTISED},

    /* lists, networks, switches, versions, times: what only looks like an address */
    {"NO_PROXY", ROLE_NONE},      {"*_NO_PROXY", ROLE_NONE},    {"*NON_PROXY*", ROLE_NONE},
    {"*NOPROXY*", ROLE_NONE},     {"*PROXY_BYPASS*", ROLE_NONE}, {"*TRUST*PROX*", ROLE_NONE},
    {"*ALLOW*", ROLE_NONE},       {"*DENY*", ROLE_NONE},        {"*DENIED*", ROLE_NONE},
    {"*WHITELIST*", ROLE_NONE},   {"*BLACKLIST*", ROLE_NONE},   {"*BLOCKLIST*", ROLE_NONE},
    {"*TRUSTED*", ROLE_NONE},     {"*CIDR*", ROLE_NONE},        {"*SUBNET*", ROLE_NONE},
    {"*NETMASK*", ROLE_NONE},     {"*MASK", ROLE_NONE},         {"*_RANGE*", ROLE_NONE},
    {"*VERSION*", ROLE_NONE},     {"*_VER", ROLE_NONE},         {"*RELEASE*", ROLE_NONE},
    {"*TIMEOUT*", ROLE_NONE},     {"*INTERVAL*", ROLE_NONE},    {"*DURATION*", ROLE_NONE},
    {"*_TIME", ROLE_NONE},        {"*_DELAY", ROLE_NONE},       {"*_TTL", ROLE_NONE},
    {"*RATIO", ROLE_NONE},        {"*_TAG", ROLE_NONE},         {"*_IMAGE", ROLE_NONE},
    {"*EXCLUDE*", ROLE_NONE},     {"*IGNORE*", ROLE_NONE},      {"*CORS*", ROLE_NONE},
    {"*CSRF*", ROLE_NONE},        {"*ORIGINS", ROLE_NONE},      {"*_GATEWAY_IP", ROLE_NONE},
    {"*MULTICAST*", ROLE_NONE},   {"*BROADCAST*", ROLE_NONE},   {"*MCAST*", ROLE_NONE},
    {"*DHCP*", ROLE_NONE},        {"*DEPENDENCIES_*", ROLE_NONE}, {"*DEPENDENCY_*", ROLE_NONE},
    {"*XMLNS*", ROLE_NONE},       {"*NAMESPACE*", ROLE_NONE},   {"*_SCHEMA", ROLE_NONE},
    {"*ROUTE", ROLE_NONE},        {"*ROUTES", ROLE_NONE},       {"*_REGEX", ROLE_NONE},
    {"*_PATTERN", ROLE_NONE},     {"*_MESSAGE", ROLE_NONE},     {"*_TEXT", ROLE_NONE},
    {"*_TITLE", ROLE_NONE},       {"*_DESCRIPTION", ROLE_NONE}, {"*PASSWORD*", ROLE_NONE},
    {"*_SECRET", ROLE_NONE},      {"*_TOKEN", ROLE_NONE},       {"*_KEY", ROLE_NONE},
    {"USE_*", ROLE_NONE},         {"ENABLE*", ROLE_NONE},       {"DISABLE*", ROLE_NONE},
    {"*_ENABLED", ROLE_NONE},     {"*_DISABLED", ROLE_NONE},    {"BEHIND_*", ROLE_NONE},
    {"IS_*", ROLE_NONE},          {"HAS_*", ROLE_NONE},         {"*_COUNT", ROLE_NONE},
    {"*USE_*PROXY", ROLE_NONE},   {"*ENABLE*PROXY", ROLE_NONE}, {"*BEHIND_PROXY", ROLE_NONE},
    {"*TRUST_PROXY", ROLE_NONE},  {"*_REMOTE_ADDR", ROLE_NONE}, {"*FILTER*", ROLE_NONE},

    /* to listen at */
    {"*LISTEN*", ROLE_NONE},      {"*BIND*", ROLE_NONE},        {"*_BOUND_*", ROLE_NONE},
    {"ASPNETCORE_URLS", ROLE_NONE}, {"DOTNET_URLS", ROLE_NONE}, {"URLS", ROLE_NONE},
    {"SERVER_URLS", ROLE_NONE},   {"*KESTREL*", ROLE_NONE},     {"*_INTERFACE*", ROLE_NONE},
    {"*ENTRYPOINTS*", ROLE_NONE}, {"*ENTRY_POINTS*", ROLE_NONE}, {"*PUBLISH*", ROLE_NONE},
    {"GF_SERVER_HTTP_ADDR", ROLE_NONE}, {"NETWORK_HOST", ROLE_NONE}, {"*HTTP_HOST", ROLE_NONE},
    {"OLLAMA_ORIGINS", ROLE_NONE}, {"*EXPORTER_PROMETHEUS_HOST", ROLE_NONE},
    {"*PROXY_REDIRECT", ROLE_NONE}, {"PROXY_PASS", ROLE_DESTINATION},
    {"*_PROXY_PASS", ROLE_DESTINATION}, {"*SOURCE_ADDR*", ROLE_NONE}, {"*SOURCE_IP", ROLE_NONE},
    {"*LOCAL_ADDR*", ROLE_NONE},  {"*LOCAL_IP", ROLE_NONE},     {"*_SRC", ROLE_NONE},
    {"SRC", ROLE_NONE},           {"*HOST_IP", ROLE_NONE},      {"POD_IP", ROLE_NONE},

    /* read by clients, whatever else the name says */
    {"OLLAMA_HOST", ROLE_BOTH},       {"DOCKER_HOST", ROLE_DESTINATION},
    {"CONTAINER_HOST", ROLE_DESTINATION},    {"VAULT_ADDR", ROLE_DESTINATION},
    {"CONSUL_HTTP_ADDR", ROLE_DESTINATION},  {"CONSUL_GRPC_ADDR", ROLE_DESTINATION},
    {"NOMAD_ADDR", ROLE_DESTINATION},        {"BOUNDARY_ADDR", ROLE_DESTINATION},
    {"PGHOST", ROLE_DESTINATION},            {"PGHOSTADDR", ROLE_DESTINATION},
    {"MYSQL_TCP_HOST", ROLE_DESTINATION},    {"DD_AGENT_HOST", ROLE_DESTINATION},
    {"DD_TRACE_AGENT_*", ROLE_DESTINATION},  {"*BOOTSTRAP_SERVER", ROLE_DESTINATION},
    {"*BOOTSTRAP_SERVERS", ROLE_DESTINATION}, {"ETCDCTL_ENDPOINTS", ROLE_DESTINATION},
    {"KUBE_MASTER", ROLE_DESTINATION},       {"KUBERNETES_MASTER", ROLE_DESTINATION},
    {"KUBERNETES_SERVICE_HOST", ROLE_DESTINATION}, {"TEMPORAL_ADDRESS", ROLE_DESTINATION},
    {"BUILDKIT_HOST", ROLE_DESTINATION},     {"TESTCONTAINERS_HOST_OVERRIDE", ROLE_DESTINATION},
    {"*WAIT_FOR_HOST", ROLE_DESTINATION},    {"LIBVIRT_DEFAULT_URI", ROLE_DESTINATION},
    {"HUB_HOST", ROLE_DESTINATION},          {"SE_EVENT_BUS_HOST", ROLE_DESTINATION},
    {"*REMOTE_WRITE*URL", ROLE_DESTINATION}, {"SPARK_MASTER", ROLE_LOOSE},
    {"*METRICS_URL", ROLE_DESTINATION},      {"XDEBUG_CONFIG", ROLE_DESTINATION},
    {"*CALLBACK", ROLE_DESTINATION},         {"*WEBHOOK", ROLE_DESTINATION},
};

/* The last words of a name, when no row above fits. */
static const struct ending {
    const char *words;
    enum role role; /* ROLE_DUAL: what stands before decides */
} endings[] = {
    {"PROXY_HOST", ROLE_DESTINATION}, {"PROXY_URL", ROLE_DESTINATION},
    {"PROXY_ADDR", ROLE_DESTINATION}, {"PROXY_ADDRESS", ROLE_DESTINATION},
    {"PROXY_SERVER", ROLE_DESTINATION}, {"PROXY", ROLE_LOOSE},
    {"HTTP_PROXY", ROLE_DESTINATION}, {"HTTPS_PROXY", ROLE_DESTINATION},
    {"ALL_PROXY", ROLE_DESTINATION}, {"FTP_PROXY", ROLE_DESTINATION},
    {"URL", ROLE_DESTINATION},       {"URI", ROLE_DESTINATION},      {"URLS", ROLE_DESTINATION},
    {"URIS", ROLE_DESTINATION},      {"URL_BASE", ROLE_DESTINATION}, {"BASE_PATH", ROLE_NONE},
    {"ENDPOINT", ROLE_DESTINATION},  {"ENDPOINTS", ROLE_DESTINATION},
    {"ENDPOINT_URL", ROLE_DESTINATION}, {"DSN", ROLE_DESTINATION},
    {"CONNECTION_STRING", ROLE_DESTINATION}, {"CONNECTION", ROLE_LOOSE}, {"CONNECT", ROLE_LOOSE}, {"CONN_STR", ROLE_DESTINATION},
    {"BROKER", ROLE_LOOSE},          {"BROKERS", ROLE_LOOSE},        {"BROKER_LIST", ROLE_LOOSE},
    {"BACKEND", ROLE_LOOSE},         {"BACKENDS", ROLE_LOOSE},       {"UPSTREAM", ROLE_LOOSE},
    {"UPSTREAMS", ROLE_LOOSE},       {"TARGET", ROLE_LOOSE},         {"TARGETS", ROLE_LOOSE},
    {"WEBHOOK", ROLE_LOOSE},         {"REGISTRY", ROLE_LOOSE},       {"PEER", ROLE_LOOSE},
    {"PEERS", ROLE_LOOSE},           {"SEEDS", ROLE_LOOSE},          {"SEED_HOSTS", ROLE_DESTINATION},
    {"NAMESERVER", ROLE_LOOSE},      {"NAMESERVERS", ROLE_LOOSE},    {"REMOTE", ROLE_LOOSE},
    {"SENTINELS", ROLE_LOOSE},       {"MIRROR", ROLE_LOOSE},         {"MIRRORS", ROLE_LOOSE},
    {"BASE_URL", ROLE_DESTINATION},  {"GATEWAY_URL", ROLE_DESTINATION}, {"DESTINATION", ROLE_LOOSE},
    {"HOST", ROLE_DUAL},             {"HOSTS", ROLE_DUAL},           {"HOSTNAME", ROLE_DUAL},
    {"HOST_NAME", ROLE_DUAL},        {"HOSTADDR", ROLE_DUAL},        {"ADDR", ROLE_DUAL},
    {"ADDRS", ROLE_DUAL},            {"ADDRESS", ROLE_DUAL},         {"ADDRESSES", ROLE_DUAL},
    {"SERVER", ROLE_DUAL},           {"SERVERS", ROLE_DUAL},         {"NODES", ROLE_LOOSE},
    {"SERVER_NAME", ROLE_NONE},      {"IP", ROLE_DUAL},              {"SERVICE_HOST", ROLE_DUAL},
    {"PORT", ROLE_PORT},
};

/* With one of these words before HOST, ADDR, SERVER and the like, clients connect there. */
static const char services[] =
    " DB DATABASE POSTGRES POSTGRESQL PG PSQL PGSQL PGBOUNCER MYSQL MARIADB PERCONA MONGO MONGODB "
    "REDIS VALKEY KEYDB MEMCACHED MEMCACHE CACHE RABBITMQ RABBIT AMQP MQ ACTIVEMQ ARTEMIS KAFKA "
    "ZOOKEEPER ZK NATS MQTT MOSQUITTO BROKER QUEUE ELASTIC ELASTICSEARCH ES OPENSEARCH SOLR "
    "MEILISEARCH TYPESENSE SPHINX CASSANDRA SCYLLA CLICKHOUSE INFLUX INFLUXDB GRAPHITE STATSD DOGSTATSD "
    "CARBON COLLECTOR JAEGER ZIPKIN OTEL OTLP TEMPO LOKI LOGSTASH FLUENTD FLUENTBIT GELF GRAYLOG "
    "SYSLOG SENTRY AGENT CONSUL VAULT ETCD LDAP AD KERBEROS KDC RADIUS SMTP MAIL EMAIL MAILHOG "
    "MAILPIT MAILER IMAP POP3 POP FTP SFTP SSH NFS SMB SAMBA CIFS UPSTREAM TARGET REMOTE PEER "
    "MASTER PRIMARY REPLICA REPLICATION SLAVE SENTINEL LEADER SEED AUTH KEYCLOAK OAUTH SSO IDP OIDC DNS NTP "
    "TIME NAME CLAMAV CLAMD CLAM ANTIVIRUS SELENIUM WEBDRIVER TIKA GOTENBERG OLLAMA QDRANT WEAVIATE "
    "MILVUS CHROMA NEO4J COUCHDB COUCH COUCHBASE RETHINKDB ORACLE MSSQL SQLSERVER SQL TEMPORAL CELERY "
    "NAMENODE REGISTRY HIVE PRESTO TRINO SPARK CLIENT BACKUP DESTINATION DEST UPLOAD LOG LOGGING "
    "TELEMETRY TRACING TRACE LICENSE RPC_NODE XMPP SIP STUN TURN TUNNEL VPN GATEWAY PUSHGATEWAY "
    "SNMP ZABBIX NAGIOS ICINGA SALT PUPPET CHEF CHRONY FORWARD DOWNSTREAM BACKEND ";

/* With one of these, a server binds there. */
static const char servers[] =
    " APP APPLICATION SERVER WEB WEBSERVER WWW HTTP HTTPS FLASK RUN UVICORN GUNICORN HYPERCORN DAPHNE "
    "DJANGO FASTAPI VITE NEXT NUXT DEV WEBPACK RAILS PUMA METRICS HEALTH HEALTHCHECK MANAGEMENT "
    "ADMIN DASHBOARD UI WEBUI GUI JUPYTER STREAMLIT GRADIO MLFLOW HMR DEBUG PPROF SERVICE LOCAL "
    "CONTAINER MINIO GRAFANA AIRFLOW SUPERSET CONSOLE PROBE ACTUATOR SPRING LISTENER INGRESS NODE "
    "WORKER DAEMON SOCKET WEBSOCKET WS SSE RPC GRPC GATEWAY_HTTP PUBLIC PRIVATE INTERNAL DEFAULT "
    "ENVIRONMENT ENV NETWORK KIBANA RELAY ROCKET ENVOY TRAEFIK CADDY NGINX APACHE HAPROXY ACTIX AXUM "
    "WARP GIN FIBER PHX PHOENIX BOKEH DASH VOILA PANEL CHAINLIT GITEA GOGS FORGEJO N8N NEXTCLOUD HASS "
    "RAY LITELLM VLLM TGI COMFYUI WHISPER TABBY WEBUI JUPYTERHUB RSTUDIO KONG TYK SONARQUBE NEXUS HUGO "
    "JEKYLL DOCS LANGFLOW FLOWISE LIVEBOOK ADMINER METABASE JETTY TOMCAT UNDERTOW QUARKUS MICRONAUT "
    "KESTREL EXPRESS KOA STORYBOOK ASTRO SVELTE REMIX NITRO HEADSCALE PIHOLE ADGUARD HOMEPAGE DISPLAY "
    "LIVERELOAD BROWSERSYNC WATCH HTTPD SSHD FTPD PROXYSQL_ADMIN BACKEND_BIND SITE TRANSPORT INSPECT ";
// clang-format on

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* api-url, apiUrl and api.url become API_URL. */
static size_t normalise(struct slice name, char out[static 2 * NAME_MAX_LENGTH])
{
    size_t length = 0;
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        bool small_before = i > 0 && ((name.data[i - 1] >= 'a' && name.data[i - 1] <= 'z') ||
                                      (name.data[i - 1] >= '0' && name.data[i - 1] <= '9'));
        bool small_after =
            i + 1 < name.length && name.data[i + 1] >= 'a' && name.data[i + 1] <= 'z';
        bool capital_before = i > 0 && name.data[i - 1] >= 'A' && name.data[i - 1] <= 'Z';
        if (c >= 'A' && c <= 'Z' &&
            ((small_before && name.data[i - 1] >= 'a') || (capital_before && small_after)) &&
            length > 0 && out[length - 1] != '_')
            out[length++] = '_';
        if (word)
            out[length++] = upper(c);
        else if (length > 0 && out[length - 1] != '_')
            out[length++] = '_';
    }
    while (length > 0 && out[length - 1] == '_')
        length--;
    return length;
}

static bool in_list(const char *list, struct slice word)
{
    char padded[40];
    struct text text;
    text_start(&text, padded, sizeof padded);
    text_char(&text, ' ');
    text_slice(&text, word);
    text_char(&text, ' ');
    text_finish(&text);
    return !text.cut && strstr(list, padded) != NULL;
}

/* The words before HOST and the like, the nearest first. */
static enum role role_before(struct slice before)
{
    while (before.length > 0) {
        const char *line = memrchr(before.data, '_', before.length);
        size_t start = line == NULL ? 0 : (size_t)(line - before.data) + 1;
        struct slice word = slice_from(before, start);
        while (word.length > 1 && word.data[word.length - 1] >= '0' &&
               word.data[word.length - 1] <= '9')
            word.length--; /* REDIS2_HOST */
        if (in_list(services, word))
            return ROLE_SERVICE;
        if (in_list(servers, word))
            return ROLE_NONE;
        before.length = start == 0 ? 0 : start - 1;
    }
    return ROLE_DUAL;
}

static enum role role_of_ending(struct slice name)
{
    enum role role = ROLE_UNKNOWN;
    size_t longest = 0;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        struct slice words = slice_of(endings[i].words);
        bool whole = slice_equal(name, words);
        bool ends = name.length > words.length && slice_ends_with(name, words) &&
                    name.data[name.length - words.length - 1] == '_';
        if ((!whole && !ends) || words.length <= longest)
            continue;
        longest = words.length;
        role = endings[i].role;
        if (role == ROLE_DUAL) /* HOST alone is most often what a server binds */
            role = whole ? (slice_equal(name, SLICE("SERVER")) ? ROLE_UNKNOWN : ROLE_NONE)
                         : role_before((struct slice){.data = name.data,
                                                      .length = name.length - words.length - 1});
    }
    return role;
}

enum role role_of_name(struct slice name)
{
    char normal[2 * NAME_MAX_LENGTH];
    if (name.length == 0 || name.length > NAME_MAX_LENGTH)
        return ROLE_UNKNOWN;
    struct slice text = {.data = normal, .length = normalise(name, normal)};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (slice_matches(text, slice_of(rows[i].glob)))
            return rows[i].role;
    return role_of_ending(text);
}
