#include "client.h"

#include <pthread.h>
#include <string.h>

enum operands {
    NONE,      /* of no interest */
    URLS,      /* each is a URL or host[:port] */
    LINKS,     /* each that is a URL; others are something else */
    HOST_PORT, /* HOST [PORT] */
    HOST,      /* the first is a host */
    FIRST,     /* the first is host[:port] or a URL */
    HTTPIE,    /* [METHOD] URL [ITEM...] */
    REMOTE,    /* each may be [user@]host:path or a URL */
    SSH,       /* [user@]host [COMMAND...] */
    SOCAT,     /* each is one of socat's addresses */
    DATABASE,  /* a URL or "host=... port=..." */
    AT_SERVER, /* @server */
    SECOND,    /* NAME [SERVER] */
    WAIT,      /* host:port [-- COMMAND...] */
    COMMAND,   /* a command, behind `skip` operands */
    SHELL,     /* a shell: text of -c */
    WATCH,     /* operands joined are shell text */
    DOCKER,    /* a subcommand */
    AFTER,     /* a command behind "--" */
    TEXT,      /* words that nobody connects to */
};

/* A row a client, or a group that takes the same options. `options`: those that take a value, with
 * what the value is behind a colon when it is of interest:
 *   E host[:port] or URL, G the same, or ":port" for this machine, L several, U URL, H host, P
 * port, N NAME=value, S shell text, R curl's --resolve, C curl's --connect-to, F ssh's -L and -R, J
 * ssh's -J, K connection string. `listens`: options that make it a server. Sources: the manual
 * pages of curl 7.88, wget 1.21, netcat-openbsd, nmap-ncat 7.93, socat 1.7, OpenSSH 9.2, psql 15,
 * mariadb 10.11, redis 7, mongosh, apache2-utils, docker 24, kubectl 1.28, httpie 3, coreutils,
 * util-linux, sudo. */
struct client {
    const char *names;
    enum operands operands;
    const char *options;
    const char *listens;
    unsigned char skip;
    bool strong; /* also found as an argument of a command that is not known */
};

// clang-format off
#define CURL_OPTIONS \
    "-x:E --proxy:E --preproxy:E --socks4:E --socks4a:E --socks5:E --socks5-hostname:E " \
    "--proxy1.0:E --url:E --doh-url:U --resolve:R --connect-to:C --dns-servers:L --ipfs-gateway:U " \
    "-E -K -C -b -c -d -D -F -P -H -h -m -o -U -Q -r -e -X -Y -y -t -z -T -u -A -w " \
    "--abstract-unix-socket --alt-svc --aws-sigv4 --cacert --capath --cert --cert-type --ciphers " \
    "--config --connect-timeout --continue-at --cookie --cookie-jar --create-file-mode --crlfile " \
    "--curves --data --data-ascii --data-binary --data-raw --data-urlencode --delegation " \
    "--dns-interface --dns-ipv4-addr --dns-ipv6-addr --dump-header --egd-file --engine " \
    "--etag-compare --etag-save --expect100-timeout --form --form-string --ftp-account " \
    "--ftp-alternative-to-user --ftp-method --ftp-port --ftp-ssl-ccc-mode " \
    "--happy-eyeballs-timeout-ms --haproxy-clientip --header --help --hostpubmd5 --hostpubsha256 " \
    "--hsts --interface --json --keepalive-time --key --key-type --krb --libcurl --limit-rate " \
    "--local-port --login-options --mail-auth --mail-from --mail-rcpt --max-filesize " \
    "--max-redirs --max-time --netrc-file --noproxy --oauth2-bearer --output --output-dir " \
    "--parallel-max --pass --pinnedpubkey --proto --proto-default --proto-redir --proxy-cacert " \
    "--proxy-capath --proxy-cert --proxy-cert-type --proxy-ciphers --proxy-crlfile " \
    "--proxy-header --proxy-key --proxy-key-type --proxy-pass --proxy-pinnedpubkey " \
    "--proxy-service-name --proxy-tls13-ciphers --proxy-tlsauthtype --proxy-tlspassword " \
    "--proxy-tlsuser --proxy-user --pubkey --quote --random-file --range --rate --referer " \
    "--request --request-target --retry --retry-delay --retry-max-time --sasl-authzid " \
    "--service-name --socks5-gssapi-service --speed-limit --speed-time --stderr " \
    "--telnet-option --tftp-blksize --time-cond --tls-max --tls13-ciphers --tlsauthtype " \
    "--tlspassword --tlsuser --trace --trace-ascii --trace-config --unix-socket --upload-file " \
    "--url-query --user --user-agent --variable --write-out"

#define WGET_OPTIONS \
    "-e:N --execute:N -B:U --base:U -o -a -i -t -O -T -w -Q -P -U -l -A -R -D -I -X --output-file " \
    "--append-output --report-speed --input-file --config --rejected-log --tries " \
    "--retry-on-http-error --output-document --start-pos --progress --timeout --dns-timeout " \
    "--connect-timeout --read-timeout --wait --waitretry --quota --bind-address --limit-rate " \
    "--restrict-file-names --prefer-family --user --password --use-askpass --local-encoding " \
    "--remote-encoding --directory-prefix --cut-dirs --http-user --http-password --default-page " \
    "--header --compression --proxy-user --proxy-password --referer --user-agent --load-cookies " \
    "--save-cookies --post-data --post-file --method --body-data --body-file --secure-protocol " \
    "--certificate --certificate-type --private-key --private-key-type --ca-certificate " \
    "--ca-directory --crl-file --pinnedpubkey --ciphers --ftp-user --ftp-password --warc-file " \
    "--warc-header --warc-max-size --warc-dedup --warc-tempdir --level --backups --accept " \
    "--reject --accept-regex --reject-regex --regex-type --domains --exclude-domains " \
    "--follow-tags --ignore-tags --include-directories --exclude-directories --dns-servers:L"

#define RUN_OPTIONS \
    "-e:N --env:N --health-cmd:S --dns:H --http-proxy:E -v --volume -p --publish --name --network " \
    "--net -w --workdir -u --user -h --hostname -l --label --entrypoint --restart -m --memory " \
    "--cpus --add-host --link --log-driver --log-opt --mount --env-file --cap-add --cap-drop " \
    "--device --expose --gpus --ip --ip6 --ipc --mac-address --pid --platform --pull " \
    "--security-opt --shm-size --stop-signal --stop-timeout --sysctl --tmpfs --ulimit --userns " \
    "-c --cpu-shares --cidfile --cgroupns --group-add --health-interval --health-retries " \
    "--health-timeout --health-start-period --network-alias --dns-search --dns-option -a " \
    "--attach --build-arg:N -f --file -t --tag --target --cache-from --cache-to --secret --ssh " \
    "--project-name --profile --context --index --detach-keys -n --namespace -s --scale --pod"

static const struct client clients[] = {
    {.names = "curl curlie", .operands = URLS, .options = CURL_OPTIONS, .strong = true},
    {.names = "wget wget2", .operands = URLS, .options = WGET_OPTIONS, .strong = true},
    {.names = "nc ncat netcat nc.openbsd nc.traditional", .operands = HOST_PORT,
     .options = "-x:E --proxy:E -p -s -w -X -i -q -I -O -T -V -W -M -m -P -e -c -g -G -o "
                "--source-port --source --wait --proxy-type --proxy-auth --exec --sh-exec --delay "
                "--idle-timeout --output --hex-dump --allow --deny --max-conns --ssl-cert --ssl-key",
     .listens = "-l --listen --broker --chat -L", .strong = true},
    {.names = "telnet", .operands = HOST_PORT, .options = "-b -e -l -n -X -k", .strong = true},
    {.names = "tcping tcptraceroute paping", .operands = HOST_PORT, .options = "-c -i -t -w -p -x"},
    {.names = "cqlsh", .operands = HOST_PORT, .options = "-u -p -k -f -e -t --username --password"},
    {.names = "socat", .operands = SOCAT, .options = "-b -lf -t -T -r -R -L -W", .strong = true},
    {.names = "ssh autossh", .operands = SSH,
     .options = "-J:J -L:F -R:F -W:E -b -B -c -D -E -e -F -I -i -l -m -M -O -o -p -Q -S -w"},
    {.names = "scp sftp rsync git svn hg ssh-copy-id mosh unison", .operands = REMOTE,
     .options = "-c:N -e -i -o -p -P -F -J:J -l -S -b --config --rsh --filter --include --exclude "
                "--exclude-from --files-from --rsync-path --port --bwlimit --timeout --log-file "
                "--password-file --out-format --address -m --message -C --branch --depth --reference "
                "--origin --template --author --date --log-file-format --link-dest --backup-dir"},
    {.names = "ssh-keyscan", .operands = HOST, .options = "-p -t -T -f"},
    {.names = "psql pg_dump pg_dumpall pg_restore pg_isready pgbench createdb dropdb createuser "
              "dropuser vacuumdb reindexdb clusterdb pg_basebackup pgcli",
     .operands = DATABASE, .strong = true,
     .options = "-h:H --host:H -p:P --port:P -d:K --dbname:K -U --username -c --command -f --file "
                "-F -o --output -v --set -L -P -R -T -t -n -N -j -W_ -Z -S -D --variable --schema "
                "--table --timeout --format --jobs --log-file --pset --role"},
    {.names = "mysql mysqldump mysqladmin mysqlcheck mysqlimport mysqlshow mysqlslap mariadb "
              "mariadb-dump mariadb-admin mariadb-check mycli mysqlsh",
     .operands = DATABASE, .strong = true,
     .options = "-h:H --host:H -P:P --port:P --uri:E -u --user -e --execute -D --database -S --socket "
                "--defaults-file --defaults-extra-file --default-character-set --protocol --ssl-ca"},
    {.names = "redis-cli redis-benchmark valkey-cli keydb-cli", .operands = NONE,
     .options = "-h:H -p:P -u:E -s -a -n -c_ -r -i -d --user --pass --cacert --cert --key -t",
     .strong = true},
    {.names = "mongo mongosh", .operands = FIRST, .strong = true,
     .options = "--host:E --port:P -u --username -p --password --eval --authenticationDatabase -f"},
    {.names = "mongodump mongorestore mongoexport mongoimport mongostat mongotop", .operands = NONE,
     .options = "-h:E --host:E --port:P --uri:E -u -p -d -c -o --db --collection --out --archive"},
    {.names = "ab", .operands = URLS, .strong = true,
     .options = "-X:E -n -c -t -s -b -p -u -T -v -x -y -z -C -H -A -P -g -e -f -Z -E -m -B -w_"},
    {.names = "wrk wrk2 bombardier hey h2load siege oha ali autocannon k6 vegeta gobench plow "
              "rewrk weighttp httperf nuttcp",
     .operands = URLS,
     .options = "-n -c -t -d -q -z -o -m -H -T -a -A -D -s -R -r -f -l -p -i -w -x:E -b -M -cpus "
                "--duration --rate --method --headers --header --body --timeout --script --threads "
                "--connections --requests --clients --latency_ --server:H --uri --concurrency --time "
                "--output --vus --env:N -e:N"},
    {.names = "http https xh xhs", .operands = HTTPIE,
     .options = "--proxy:N -a --auth -A --auth-type -o --output --timeout --session -p --print -s "
                "--style --verify --cert --cert-key --max-redirects --default-scheme --raw"},
    {.names = "lynx w3m links elinks aria2c axel youtube-dl yt-dlp httpx httping webwait lighthouse "
              "http-server-check gau nikto whatweb sqlmap dirb gobuster ffuf wfuzz",
     .operands = LINKS, .options = "-u:E --url:E --proxy:E --all-proxy:E -o -d -O -c -i -t"},
    {.names = "xdg-open open sensible-browser x-www-browser firefox google-chrome chromium "
              "chromium-browser google-chrome-stable brave-browser cypress newman wait-on start-server-and-test "
              "websocat wscat pa11y puppeteer playwright zap-baseline.py zap-cli locust aws mc "
              "s3cmd npm yarn pnpm pip pip3 poetry twine gem bundle cargo composer helm argocd flux "
              "glab gh sentry-cli gitlab-runner buildkite-agent vault nomad consul",
     .operands = LINKS,
     .options = "-c:U --connect:U --registry:U -i:U --index-url:U --extra-index-url:U --proxy:E "
                "--endpoint-url:U --host:U -H --url:U -address:E -http-addr:E --set:N --set-string:N "
                "--server:E --repository-url:U --trusted-host -n --namespace -f --values -t --repo:U"},
    {.names = "lftp ftp ncftp tftp", .operands = HOST, .options = "-u -p -e -c -f -P -m"},
    {.names = "ping ping6 ping4 fping arping traceroute traceroute6 tracepath mtr", .operands = HOST,
     .options = "-c -i -I -w -W -s -t -Q -M -S -l -p -m -f -q -g -T -L -n_"},
    {.names = "ntpdate sntp rdate", .operands = HOST, .options = "-t -p -o -k -d_"},
    {.names = "dig kdig drill", .operands = AT_SERVER, .options = "-b -p -k -y -f -c -t -q -x"},
    {.names = "host nslookup", .operands = SECOND, .options = "-t -c -N -R -W -m"},
    {.names = "openssl", .operands = NONE, .strong = true,
     .options = "-connect:E -proxy:E -servername -CAfile -cert -key -out -in -bind -accept -port_"},
    {.names = "iperf iperf3", .operands = NONE, .options = "-c:H --client:H -B -p -t -i -P -b -n"},
    {.names = "mosquitto_pub mosquitto_sub mosquitto_rr", .operands = NONE,
     .options = "-h:H --host:H -p:P --port:P -L:U --url:U --proxy:E -t -m -u -P -i -q -f -A -c_"},
    {.names = "mqtt amqp-publish amqp-consume amqp-get rabbitmqadmin", .operands = NONE,
     .options = "-h:H --host:H -H:H -u:E --url:U -s:E --server:E -P:P --port:P -q -r -b -p"},
    {.names = "kcat kafkacat", .operands = NONE, .options = "-b:L -t -p -o -c -X -K -D -F -G -f"},
    {.names = "ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami ldappasswd ldapcompare",
     .operands = NONE, .options = "-H:L -h:H -p:P -b -D -w -y -s -l -f -o -Y -U -e -E"},
    {.names = "clickhouse-client clickhouse-local influx rabbitmqctl nodetool cassandra-stress "
              "chronyc ipmitool logger sqlcmd cypher-shell virsh beeline etcdctl ceph "
              "memcstat memcping grpc_health_probe grpc-health-probe gpg apt-key",
     .operands = NONE,
     .options = "-h:H --host:H -host:H -H:H -n:H --server:E -S -a:E --address:E -c:U --connect:U "
                "-u:E --endpoints:L -addr:G -m:E --servers:L --keyserver:E --keyserver-options"},
    {.names = "memcached-tool grpcurl systemd-socket-proxyd sslscan testssl.sh testssl redli evans",
     .operands = FIRST, .options = "-d -H -proto -import-path -cacert -cert -key -protoset "
                                   "-max-time --connections-max --exit-idle-time"},
    {.names = "wait-for-it.sh wait-for-it wait-for.sh wait-for wait_for_it.sh wait_for.sh wait-port "
              "wait4ports wait-for-port wait-for-port.sh waitforit",
     .operands = WAIT, .strong = true,
     .options = "-h:H --host:H -p:P --port:P -t --timeout -w"},
    {.names = "dockerize", .operands = COMMAND,
     .options = "-wait:U -timeout -wait-retry-interval -template -stdout -stderr -poll -delims"},
    {.names = "mount mount.nfs mount.nfs4 umount showmount", .operands = REMOTE,
     .options = "-t -o --types --options -e -a"},
    {.names = "apt apt-get aptitude", .operands = NONE, .options = "-o:N --option:N -t -c"},

    {.names = "sudo doas", .operands = COMMAND,
     .options = "-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir"},
    {.names = "env", .operands = COMMAND, .options = "-u -C -S:S --unset --chdir --split-string:S"},
    {.names = "timeout gtimeout", .operands = COMMAND, .skip = 1,
     .options = "-s -k --signal --kill-after"},
    {.names = "nohup exec time nice ionice setsid stdbuf command builtin chronic cronic xargs "
              "parallel unshare nsenter setpriv runuser tini dumb-init catchsegv strace ltrace "
              "systemd-run systemd-cat systemd-inhibit npx bunx retry cross-env dotenv "
              "with-contenv torify torsocks proxychains proxychains4 unbuffer script fakeroot "
              "caffeinate watchexec entr setarch linux32 busybox toybox not assert run_cmd",
     .operands = COMMAND,
     .options = "-a -n -c -p -o -i -e -I -P -d -L -s -E -u -g -t -S -j -f --adjustment --classdata "
                "--class --max-args --max-procs --delimiter --arg-file --uid --gid --unit "
                "--property --setenv:N --reuid --regid --user --replace_ --delay --times --max"},
    {.names = "chroot chrt taskset flock gosu su-exec setuidgid chpst faketime s6-setuidgid "
              "envdir softlimit retry.sh",
     .operands = COMMAND, .skip = 1, .options = "-c:S -u -U -g -e -w -E -p -T -P -D --timeout"},
    {.names = "sh bash dash ksh zsh ash mksh rbash su", .operands = SHELL,
     .options = "-c:S --command:S -o -O --rcfile --init-file -s_ -g --group"},
    {.names = "watch", .operands = WATCH, .options = "-n --interval -s"},
    {.names = "docker podman nerdctl docker-compose podman-compose", .operands = DOCKER,
     .options = "-H:E --host:E --url:E -c --context --config -l --log-level --tlscacert --tlscert "
                "--tlskey -f --file -p --project-name --profile --project-directory --env-file"},
    {.names = "kubectl oc k3s microk8s crictl lxc", .operands = AFTER,
     .options = "-s:U --server:U --env:N -n --namespace -f --filename -l --selector -o --output -c "
                "--container --context --kubeconfig --cluster --user --token --as --image --address "
                "-p --patch --type --timeout --port --name --from-literal:N --proxy-url:U"},

    {.names = "echo printf cat tee : true false log info warn warning error debug die fail abort "
              "msg say notice success usage notify-send logmsg log_info log_warn log_error "
              "log_debug print puts sed gsed awk gawk mawk grep egrep fgrep rg ag ack tr"
              " cut sort uniq wc head tail ls cp mv rm mkdir "
              "touch chmod chown find basename dirname expr let return exit break continue shift "
              "unset unalias alias nmap masscan zmap ip iptables ip6tables iptables-restore nft ufw "
              "firewall-cmd route ipcalc ifconfig sysctl jq yq diff cmp test which type hash man "
              "apk yum dnf zypper pacman dpkg rpm snap brew whiptail dialog figlet "
              "set_config replace_in_file crudini augtool xmlstarlet xmllint dockerd containerd "
              "uvicorn gunicorn hypercorn daphne waitress-serve flask rails puma unicorn thin vite "
              "next nuxt webpack webpack-dev-server http-server serve live-server jekyll hugo "
              "mkdocs gatsby ng vue-cli-service artisan jupyter jupyter-lab jupyter-notebook "
              "streamlit gradio tensorboard mlflow mitmproxy mitmdump mitmweb nginx haproxy "
              "redis-server mysqld mysqld_safe mongod postgres memcached "
              "minikube kind k3d consul-template vncserver x11vnc Xvnc novnc_proxy websockify "
              "ttyd gotty code-server openvscode-server darkhttpd lighttpd caddy traefik envoy "
              "tcpdump tshark ngrep ss netstat lsof fuser",
     .operands = TEXT},
};
// clang-format on

#define CLIENT_COUNT (sizeof clients / sizeof *clients)

/* ---- the table's index ------------------------------------------------------- */

#define INDEX_SIZE 2048
static unsigned char index_rows[INDEX_SIZE]; /* row + 1 */
static struct slice index_names[INDEX_SIZE];
static pthread_once_t index_once = PTHREAD_ONCE_INIT;

static size_t hash_of(struct slice name)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < name.length; i++)
        hash = (hash ^ (unsigned char)name.data[i]) * 16777619U;
    return hash & (INDEX_SIZE - 1);
}

static void build_index(void)
{
    for (size_t row = 0; row < CLIENT_COUNT; row++) {
        struct slice rest = slice_of(clients[row].names), name;
        while (slice_cut(&rest, ' ', &name)) {
            size_t at = hash_of(name);
            while (index_rows[at] != 0 && !slice_equal(index_names[at], name))
                at = (at + 1) & (INDEX_SIZE - 1);
            if (index_rows[at] == 0) {
                index_rows[at] = (unsigned char)(row + 1);
                index_names[at] = name;
            }
        }
    }
}

static struct slice base_name(struct slice path)
{
    const char *slash = path.length == 0 ? NULL : memrchr(path.data, '/', path.length);
    return slash == NULL ? path : slice_from(path, (size_t)(slash - path.data) + 1);
}

static const struct client *client_of(struct slice program)
{
    pthread_once(&index_once, build_index);
    struct slice name = base_name(program);
    if (name.length == 0 || name.length > 40)
        return NULL;
    for (size_t at = hash_of(name); index_rows[at] != 0; at = (at + 1) & (INDEX_SIZE - 1))
        if (slice_equal(index_names[at], name))
            return &clients[index_rows[at] - 1];
    return NULL;
}

bool client_is_shell(struct slice program)
{
    const struct client *client = client_of(program);
    return client != NULL && client->operands == SHELL;
}

/* What OPTION's value is: a letter of the table, ' ' for a value of no interest, '\0' when it
 * takes none or is not known. */
static char option_kind(const char *options, struct slice option)
{
    struct slice rest = slice_of(options), piece;
    if (option.length < 2)
        return '\0';
    while (slice_cut(&rest, ' ', &piece)) {
        if (piece.length < option.length || memcmp(piece.data, option.data, option.length) != 0)
            continue;
        if (piece.length == option.length)
            return ' ';
        if (piece.length == option.length + 2 && piece.data[option.length] == ':')
            return piece.data[option.length + 1];
    }
    return '\0';
}

/* ---- values -------------------------------------------------------------------- */

/* A call under way. */
struct call {
    struct scan *scan;
    const struct client *client;
    const struct scan_word *words;
    size_t count;
    struct slice program;
};

static void destination(const struct call *call, enum scan_form form, struct slice text,
                        const struct scan_word *at)
{
    scan_item(call->scan, SCAN_DESTINATION, form, call->program, text, at);
}

/* The index of the colon that ends a field; brackets of IPv6 and marks are passed over. */
static size_t field_end(struct slice text)
{
    bool bracket = false, mark = false;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == SCAN_OPEN)
            mark = true;
        else if (c == SCAN_CLOSE)
            mark = false;
        else if (c == '[')
            bracket = true;
        else if (c == ']')
            bracket = false;
        else if (c == ':' && !bracket && !mark)
            return i;
    }
    return text.length;
}

/* Cuts TEXT at its colons into at most MAX fields, the last of which holds the rest. */
static size_t fields_of(struct slice text, struct slice *fields, size_t max)
{
    size_t count = 0;
    while (count + 1 < max) {
        size_t end = field_end(text);
        if (end == text.length)
            break;
        fields[count++] = (struct slice){.data = text.data, .length = end};
        text = slice_from(text, end + 1);
    }
    fields[count++] = text;
    return count;
}

/* HOST:PORT:ADDR[,ADDR...] */
static void resolve_value(const struct call *call, struct slice text, const struct scan_word *at)
{
    struct slice fields[3];
    if (fields_of(text, fields, 3) == 3)
        destination(call, SCAN_ENDPOINTS, fields[2], at);
}

/* HOST1:PORT1:HOST2:PORT2; an empty HOST2 means HOST1 */
static void connect_to_value(const struct call *call, struct slice text, const struct scan_word *at)
{
    struct slice fields[4];
    size_t count = fields_of(text, fields, 4);
    if (count >= 3 && fields[2].length > 0)
        destination(call, SCAN_HOST, fields[2], at);
    if (count == 4 && fields[3].length > 0)
        destination(call, SCAN_PORT, fields[3], at);
}

/* [bind:]port:host:hostport; what is bound is no destination. A socket's path has no port. */
static void forward_value(const struct call *call, struct slice text, const struct scan_word *at)
{
    struct slice fields[5];
    size_t count = fields_of(text, fields, 5);
    if (count != 3 && count != 4)
        return;
    destination(call, SCAN_HOST, fields[count - 2], at);
    destination(call, SCAN_PORT, fields[count - 1], at);
}

/* [user@]host[:port],... */
static void jump_value(const struct call *call, struct slice text, const struct scan_word *at)
{
    struct slice piece;
    while (slice_cut(&text, ',', &piece)) {
        size_t user = slice_find(piece, '@');
        destination(call, SCAN_ENDPOINT, user < piece.length ? slice_from(piece, user + 1) : piece,
                    at);
    }
}

static bool is_url(struct slice text)
{
    const char *found = text.length == 0 ? NULL : memmem(text.data, text.length, "://", 3);
    return found != NULL && found != text.data;
}

/* Is this NAME=value? */
static bool is_setting(struct slice text)
{
    size_t equals = slice_find(text, '=');
    if (equals == 0 || equals == text.length)
        return false;
    for (size_t i = 0; i < equals; i++) {
        char c = text.data[i];
        bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
                    (i > 0 && ((c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':'));
        if (!fits)
            return false;
    }
    return true;
}

static void setting(const struct call *call, struct slice text, const struct scan_word *at)
{
    size_t equals = slice_find(text, '=');
    if (equals == 0 || equals >= text.length)
        return;
    scan_item(call->scan, SCAN_NAMED, SCAN_ENDPOINTS,
              (struct slice){.data = text.data, .length = equals}, slice_from(text, equals + 1),
              at);
}

static void database_value(const struct call *call, struct slice text, const struct scan_word *at)
{
    if (is_url(text) || slice_find(text, '=') < text.length)
        destination(call, SCAN_URL, text, at);
}

static void option_value(const struct call *call, char kind, struct slice text,
                         const struct scan_word *at)
{
    switch (kind) {
    case 'E':
        destination(call, SCAN_ENDPOINT, text, at);
        break;
    case 'G':
        if (text.length > 0 && text.data[0] != ':')
            destination(call, SCAN_ENDPOINT, text, at);
        break;
    case 'L':
        destination(call, SCAN_ENDPOINTS, text, at);
        break;
    case 'U':
        destination(call, SCAN_URL, text, at);
        break;
    case 'H':
        destination(call, SCAN_HOST, text, at);
        break;
    case 'P':
        destination(call, SCAN_PORT, text, at);
        break;
    case 'N':
        setting(call, text, at);
        break;
    case 'S':
        scan_shell_inside(call->scan, text, at->line, at->column);
        break;
    case 'R':
        resolve_value(call, text, at);
        break;
    case 'C':
        connect_to_value(call, text, at);
        break;
    case 'F':
        forward_value(call, text, at);
        break;
    case 'J':
        jump_value(call, text, at);
        break;
    case 'K':
        database_value(call, text, at);
        break;
    }
}

/* ---- operands ------------------------------------------------------------------- */

static void remote_operand(const struct call *call, const struct scan_word *word)
{
    if (is_url(word->text)) {
        destination(call, SCAN_URL, word->text, word);
        return;
    }
    size_t colon = field_end(word->text);
    size_t slash = slice_find(word->text, '/');
    if (colon == word->text.length || colon > slash || colon == 0)
        return;
    struct slice host = {.data = word->text.data, .length = colon};
    size_t user = slice_find(host, '@');
    if (user < host.length)
        host = slice_from(host, user + 1);
    else if (slice_find(host, '.') == host.length && slice_find(host, '[') == host.length)
        return; /* a name of no consequence, or no host at all ("-c user.name:x") */
    destination(call, SCAN_HOST, host, word);
}

static bool socat_connects(struct slice kind)
{
    static const char *const kinds[] = {
        "TCP",
        "TCP4",
        "TCP6",
        "TCP-CONNECT",
        "TCP4-CONNECT",
        "TCP6-CONNECT",
        "OPENSSL",
        "SSL",
        "OPENSSL-CONNECT",
        "SSL-CONNECT",
        "UDP",
        "UDP4",
        "UDP6",
        "UDP-CONNECT",
        "UDP4-CONNECT",
        "UDP6-CONNECT",
        "UDP-SENDTO",
        "UDP4-SENDTO",
        "UDP6-SENDTO",
        "SCTP",
        "SCTP-CONNECT",
        "SCTP4-CONNECT",
        "SCTP6-CONNECT",
        "DTLS",
        "OPENSSL-DTLS-CLIENT",
        "PROXY",
        "PROXY-CONNECT",
        "SOCKS",
        "SOCKS4",
        "SOCKS4A",
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (slice_equal_fold(kind, slice_of(kinds[i])))
            return true;
    return false;
}

static void socat_operand(const struct call *call, const struct scan_word *word)
{
    struct slice fields[4], text = word->text;
    text.length = slice_find(text, ',');
    size_t count = fields_of(text, fields, 4);
    if (count < 3 || !socat_connects(fields[0]))
        return;
    destination(call, SCAN_HOST, fields[1], word);
    bool proxied = count == 4;
    destination(call, proxied ? SCAN_HOST : SCAN_PORT, fields[2], word);
}

static void httpie_operand(const struct call *call, const struct scan_word *word, bool *seen)
{
    bool method = word->text.length > 0;
    for (size_t i = 0; i < word->text.length; i++)
        if (word->text.data[i] < 'A' || word->text.data[i] > 'Z')
            method = false;
    if (*seen || method)
        return;
    *seen = true;
    if (word->text.length > 0 && word->text.data[0] != ':') /* ":3000" is localhost there */
        destination(call, SCAN_ENDPOINT, word->text, word);
}

static void joined_command(struct scan *scan, const struct scan_word *words, size_t count)
{
    struct buffer text = {0};
    if (count == 0 || scan->depth >= SCAN_DEPTH_MAX)
        return;
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_byte(&text, ' ');
        buffer_slice(&text, words[i].text);
    }
    scan_shell_inside(scan, buffer_all(&text), words[0].line, words[0].column);
    buffer_free(&text);
}

static void nested_command(struct scan *scan, const struct scan_word *words, size_t count)
{
    if (scan->depth >= SCAN_DEPTH_MAX)
        return;
    scan->depth++;
    while (count > 0 && is_setting(words[0].text)) {
        scan_item(
            scan, SCAN_NAMED, SCAN_ENDPOINTS,
            (struct slice){.data = words[0].text.data, .length = slice_find(words[0].text, '=')},
            slice_from(words[0].text, slice_find(words[0].text, '=') + 1), &words[0]);
        words++;
        count--;
    }
    client_scan(scan, words, count);
    scan->depth--;
}

static void in_container(struct scan *scan, const struct scan_word *words, size_t count)
{
    bool before = scan->container;
    scan->container = true;
    nested_command(scan, words, count);
    scan->container = before;
}

static void ssh_operands(const struct call *call, const struct scan_word *words, size_t count)
{
    struct slice host = words[0].text;
    size_t user = slice_find(host, '@');
    if (is_url(host))
        destination(call, SCAN_URL, host, &words[0]);
    else
        scan_item(call->scan, SCAN_DESTINATION, SCAN_ENDPOINT, call->program,
                  user < host.length ? slice_from(host, user + 1) : host, &words[0]);
    bool before = call->scan->container;
    call->scan->container = true;
    joined_command(call->scan, words + 1, count - 1);
    call->scan->container = before;
}

static void docker_operands(const struct call *call, const struct scan_word *words, size_t count);

/* One of the operands: WORDS[AT] of COUNT. *SEEN: has httpie had its URL? */
static void operand(const struct call *call, const struct scan_word *words, size_t count, size_t at,
                    bool *seen)
{
    const struct scan_word *word = &words[at];
    bool url = is_url(word->text);
    char first = word->text.length > 0 ? word->text.data[0] : '\0';
    switch (call->client->operands) {
    case URLS:
        destination(call, SCAN_ENDPOINT, word->text, word);
        break;
    case LINKS:
    case AFTER:
        if (is_setting(word->text))
            setting(call, word->text, word);
        else if (url)
            destination(call, SCAN_URL, word->text, word);
        break;
    case HOST_PORT:
        if (at == 0)
            destination(call, count == 1 ? SCAN_ENDPOINT : SCAN_HOST, word->text, word);
        else if (at == 1)
            destination(call, SCAN_PORT, word->text, word);
        break;
    case HOST:
        if (at == 0 || url)
            destination(call, url ? SCAN_URL : SCAN_HOST, word->text, word);
        break;
    case FIRST:
        if (at == 0)
            destination(call, SCAN_ENDPOINT, word->text, word);
        break;
    case WAIT:
        if (at == 0 && first != ':')
            destination(call, SCAN_ENDPOINT, word->text, word);
        break;
    case HTTPIE:
        httpie_operand(call, word, seen);
        break;
    case REMOTE:
        remote_operand(call, word);
        break;
    case SOCAT:
        socat_operand(call, word);
        break;
    case DATABASE:
        database_value(call, word->text, word);
        break;
    case AT_SERVER:
        if (first == '@' && word->text.length > 1)
            destination(call, SCAN_HOST, slice_from(word->text, 1), word);
        break;
    case SECOND:
        if (at == 1)
            destination(call, SCAN_HOST, word->text, word);
        break;
    default:
        break;
    }
}

/* The settings in front of the command that WORDS are, and that command. */
static void command_operands(const struct call *call, const struct scan_word *words, size_t count)
{
    size_t at = 0;
    for (; at < count && is_setting(words[at].text); at++)
        setting(call, words[at].text, &words[at]);
    at += call->client->skip;
    if (at < count)
        nested_command(call->scan, words + at, count - at);
}

/* The operands of CALL, WORDS, in a row; what stands behind "--" or makes a command is still
 * among them. */
static void operands(const struct call *call, const struct scan_word *words, size_t count)
{
    bool seen = false;
    switch (call->client->operands) {
    case COMMAND:
        command_operands(call, words, count);
        break;
    case SSH:
        if (count > 0)
            ssh_operands(call, words, count);
        break;
    case WATCH:
        joined_command(call->scan, words, count);
        break;
    case DOCKER:
        docker_operands(call, words, count);
        break;
    default:
        for (size_t i = 0; i < count; i++)
            operand(call, words, count, i, &seen);
        break;
    }
}

/* ---- arguments --------------------------------------------------------------------- */

static bool listens(const struct call *call)
{
    if (call->client->listens == NULL)
        return false;
    for (size_t i = 1; i < call->count; i++) {
        struct slice word = call->words[i].text, rest = slice_of(call->client->listens), option;
        if (word.length < 2 || word.data[0] != '-')
            continue;
        while (slice_cut(&rest, ' ', &option)) {
            if (slice_equal(word, option))
                return true;
            /* -lvp: a cluster, as long as no letter before takes a value */
            if (option.length == 2 && word.data[1] != '-' &&
                slice_find(word, option.data[1]) < word.length)
                return true;
        }
    }
    return false;
}

/* The option that WORDS[AT] is; its value may be the next word. Returns how many words it took. */
static size_t take_option(const struct call *call, size_t at)
{
    const struct scan_word *word = &call->words[at];
    struct slice text = word->text;
    size_t equals = slice_find(text, '=');
    struct slice name = {.data = text.data, .length = equals};
    char kind = option_kind(call->client->options, name);
    const struct scan_word *next = at + 1 < call->count ? &call->words[at + 1] : NULL;
    if (kind != '\0' && equals < text.length && (text.data[1] == '-' || name.length > 2)) {
        option_value(call, kind, slice_from(text, equals + 1), word);
        return 1;
    }
    kind = option_kind(call->client->options, text);
    if (kind != '\0') {
        if (next != NULL)
            option_value(call, kind, next->text, next);
        return 2;
    }
    if (text.data[1] == '-') {
        if (equals < text.length && name.length > 2)
            scan_item(call->scan, SCAN_NAMED, SCAN_ENDPOINTS, slice_from(name, 2),
                      slice_from(text, equals + 1), word);
        return 1;
    }
    for (size_t i = 1; i < text.length; i++) {
        char letter[2] = {'-', text.data[i]};
        kind = option_kind(call->client->options, (struct slice){.data = letter, .length = 2});
        if (kind == '\0')
            continue;
        if (i + 1 < text.length) {
            option_value(call, kind, slice_from(text, i + 1), word);
            return 1;
        }
        if (next != NULL)
            option_value(call, kind, next->text, next);
        return 2;
    }
    return 1;
}

#define OPERANDS_MAX 256

/* Where everything behind the first operand belongs to somebody else. */
static bool stops_at_operand(enum operands operands)
{
    return operands == COMMAND || operands == SSH || operands == WATCH || operands == DOCKER;
}

static void known_client(const struct call *call)
{
    struct scan_word found[OPERANDS_MAX];
    size_t count = 0, at = 1;
    bool dashes = false;
    if (call->client->operands == TEXT || listens(call))
        return;
    while (at < call->count && count < OPERANDS_MAX) {
        struct slice text = call->words[at].text;
        if (!dashes && slice_equal(text, SLICE("--"))) {
            dashes = true;
            at++;
            if (call->client->operands == WAIT || call->client->operands == AFTER) {
                if (call->client->operands == AFTER)
                    in_container(call->scan, call->words + at, call->count - at);
                else
                    nested_command(call->scan, call->words + at, call->count - at);
                break;
            }
        } else if (!dashes && text.length > 1 && text.data[0] == '-') {
            at += take_option(call, at);
        } else {
            found[count++] = call->words[at++];
            dashes = dashes || stops_at_operand(call->client->operands);
        }
    }
    operands(call, found, count);
}

/* docker [OPTIONS] COMMAND ...: the words behind the subcommand have options of their own. */
static void docker_operands(const struct call *call, const struct scan_word *words, size_t count)
{
    static const struct client run = {.operands = COMMAND, .options = RUN_OPTIONS, .skip = 1};
    static const struct client build = {.operands = NONE, .options = RUN_OPTIONS};
    static const struct client compose = {
        .operands = DOCKER,
        .options = "-f --file -p --project-name --profile --project-directory --env-file"};
    struct call inner = {.scan = call->scan, .words = words, .count = count};
    if (count == 0 || call->scan->depth >= SCAN_DEPTH_MAX)
        return;
    struct slice name = words[0].text;
    inner.program = call->program;
    if (slice_equal(name, SLICE("run")) || slice_equal(name, SLICE("create")) ||
        slice_equal(name, SLICE("exec")))
        inner.client = &run;
    else if (slice_equal(name, SLICE("build")))
        inner.client = &build;
    else if (slice_equal(name, SLICE("compose")) || slice_equal(name, SLICE("container")))
        inner.client = &compose;
    else
        return;
    bool before = call->scan->container;
    call->scan->container = before || inner.client == &run;
    call->scan->depth++;
    known_client(&inner);
    call->scan->depth--;
    call->scan->container = before;
}

/* A command that no row knows. */
static void unknown_client(const struct call *call)
{
    for (size_t i = 1; i < call->count; i++) {
        const struct scan_word *word = &call->words[i];
        struct slice text = word->text;
        const struct client *client = client_of(text);
        if (client != NULL && client->strong && i + 1 < call->count) {
            nested_command(call->scan, word, call->count - i);
            return;
        }
        size_t dashes = 0;
        while (dashes < 2 && dashes < text.length && text.data[dashes] == '-')
            dashes++;
        struct slice name = slice_from(text, dashes);
        size_t equals = slice_find(name, '=');
        bool defines = dashes == 1 && name.length > 2 && name.data[0] == 'D';
        if (defines && equals < name.length) {
            setting(call, slice_from(name, 1), word);
        } else if (dashes > 0 && equals < name.length && equals > 0) {
            setting(call, name, word);
        } else if (dashes == 1 && name.length == 1 && strchr("blLaSH", name.data[0]) != NULL) {
            i++; /* an address to bind, as often as not */
        } else if (dashes > 0 && name.length > 1 && i + 1 < call->count) {
            struct slice next = call->words[i + 1].text;
            if (next.length > 0 && next.data[0] != '-') {
                scan_item(call->scan, SCAN_NAMED, SCAN_ENDPOINTS, name, next, &call->words[i + 1]);
                i++;
            }
        } else if (dashes == 0 && is_setting(text)) {
            setting(call, text, word);
        } else if (dashes == 0 && is_url(text)) {
            scan_item(call->scan, SCAN_UNKNOWN, SCAN_URL, call->program, text, word);
        }
    }
}

void client_scan(struct scan *scan, const struct scan_word *words, size_t count)
{
    if (count < 2)
        return;
    struct call call = {.scan = scan, .words = words, .count = count};
    call.program = base_name(words[0].text);
    call.client = client_of(words[0].text);
    if (call.client != NULL)
        known_client(&call);
    else
        unknown_client(&call);
}

void client_scan_option(struct scan *scan, struct slice program, struct slice option,
                        struct slice value, const struct scan_word *at)
{
    struct call call = {.scan = scan, .client = client_of(program), .program = program};
    char dashed[64] = "--";
    if (call.client == NULL || option.length == 0 || option.length > sizeof dashed - 3)
        return;
    size_t dashes = option.data[0] == '-' ? 0 : 2;
    memcpy(dashed + dashes, option.data, option.length);
    struct slice name = {.data = dashed, .length = dashes + option.length};
    option_value(&call, option_kind(call.client->options, name), value, at);
}

void client_scan_device(struct scan *scan, const struct scan_word *word)
{
    struct slice text = word->text;
    if (!slice_starts_with(text, SLICE("/dev/tcp/")) &&
        !slice_starts_with(text, SLICE("/dev/udp/")))
        return;
    text = slice_from(text, 9);
    size_t slash = slice_find(text, '/');
    struct slice name = {.data = word->text.data, .length = 8};
    if (slash == text.length)
        return;
    scan_item(scan, SCAN_DESTINATION, SCAN_HOST, name,
              (struct slice){.data = text.data, .length = slash}, word);
    scan_item(scan, SCAN_DESTINATION, SCAN_PORT, name, slice_from(text, slash + 1), word);
}
