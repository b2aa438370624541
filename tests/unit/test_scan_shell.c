#include "scan_text.h"

START_TEST(reports_what_clients_connect_to)
{
    static const struct scan_row rows[] = {
        {"a client's operand", "curl http://0:80\n",
         "destination endpoint curl http://0:80 @1:6\n"},
        {"quotes go", "curl \"http://0\"':80'\n", "destination endpoint curl http://0:80 @1:6\n"},
        {"an expansion is marked", "curl \"http://${H:-a b}/\"\n",
         "destination endpoint curl http://<0{H:-a b}>/ @1:6\n"},
        {"single quotes leave a dollar", "curl '$H'\n", "destination endpoint curl $H @1:6\n"},
        {"lines go on", "curl \\\n  -f \\\n  http://0\n",
         "destination endpoint curl http://0 @3:3\n"},
        {"a pipeline has two commands", "echo x | nc 0 80\n",
         "destination host nc 0 @1:13\ndestination port nc 80 @1:15\n"},
        {"a substitution is a command", "x=$(curl 0:80)\n",
         "destination endpoint curl 0:80 @1:10\nnamed! endpoints x <0(curl 0:80)> @1:1\n"},
        {"backticks too", "x=`curl 0:80`\n",
         "destination endpoint curl 0:80 @1:9\nnamed! endpoints x <0`curl 0:80`> @1:1\n"},
        {"keywords are no commands", "if ! curl 0:80; then\n  wget 0:81\nfi\n",
         "destination endpoint curl 0:80 @1:11\ndestination endpoint wget 0:81 @2:8\n"},
        {"a function's body", "f() { curl 0:80; }\n", "destination endpoint curl 0:80 @1:12\n"},
        {"bash's device", "exec 3<>/dev/tcp/0/6379\n",
         "destination host /dev/tcp 0 @1:9\ndestination port /dev/tcp 6379 @1:9\n"},
        {"text for a shell", "sh -c 'curl 0:80'\n", "destination endpoint curl 0:80 @1:12\n"},
        {"a command behind another", "timeout -s 9 5 sudo -u a curl 0:80\n",
         "destination endpoint curl 0:80 @1:31\n"},
        {"an environment for one command", "A_URL=0:80 env B_URL=0:81 ./x\n",
         "named! endpoints A_URL 0:80 @1:1\nnamed endpoints B_URL 0:81 @1:16\n"},
        {"process substitution", "diff <(curl 0:80) b\n", "destination endpoint curl 0:80 @1:13\n"},
        {"an unclosed quote is passed over", "echo '\ncurl 0:80\n",
         "destination endpoint curl 0:80 @2:6\n"},
    };
    scan_text_check(scan_shell, SCAN_ROWS(rows));
}
END_TEST

START_TEST(reports_nothing_of_text)
{
    static const struct scan_row rows[] = {
        {"a comment", "# curl 0:80\n", ""},
        {"a comment behind a command", "true # curl 0:80\n", ""},
        {"echo", "echo curl http://0:80\n", ""},
        {"a here-document into a file", "cat > f <<E\ncurl 0:80\nE\n", ""},
        {"the same, indented and quoted", "cat <<-'E' > f\n\tcurl 0:80\n\tE\n", ""},
        {"a server", "nc -l 0.0.0.0 80\n", ""},
        {"an array", "a=(curl 0:80)\n", "named! endpoints a <0(list)> @1:1\n"},
        {"arithmetic", "((x = 0))\n", ""},
        {"a pattern", "case \"$x\" in 0.0.0.0) ;; esac\n", "guard endpoint x x @1:6\n"},
    };
    scan_text_check(scan_shell, SCAN_ROWS(rows));
}
END_TEST

START_TEST(says_what_becomes_of_variables)
{
    static const struct scan_row rows[] = {
        {"assignments", "export A=1\nB+=2\n",
         "named! endpoints A 1 @1:8\nnamed endpoints B 2 @2:1\nset endpoint B  @2:1\n"},
        {"loops and read", "for h in a b; do read -r -p x y z; done\n",
         "set endpoint h  @1:5\nset endpoint y  @1:31\nset endpoint z  @1:33\n"},
        {"tests", "[ -n \"$A\" ] && [[ -v B ]]\n",
         "guard endpoint A A @1:6\nguard endpoint B B @1:22\n"},
        {"a guard and a default", ": ${A:?} ${B:=c}\n",
         "guard endpoint A A @1:3\nset endpoint B c @1:10\n"},
        {"set -u", "set -eu\n", "strict endpoint -eu -eu @1:5\n"},
        {"a shebang's -u", "#!/bin/sh -u\n", "strict endpoint   @1:1\n"},
        {"other files", ". /etc/x\n", "sourced endpoint /etc/x /etc/x @1:3\n"},
        {"a here-document that is run", "bash <<E\ncurl 0:80\nE\n",
         "destination endpoint curl 0:80 @2:6\n"},
    };
    scan_text_check(scan_shell, SCAN_ROWS(rows));
}
END_TEST

START_TEST(survives_anything)
{
    scan_text_hostile(scan_shell);
}
END_TEST

START_TEST(gives_the_same_by_windows)
{
    scan_text_streams(scan_shell,
                      "#!/bin/sh\nA_URL=0:80\ncat <<E\ncurl 1\nE\nif curl \\\n  0:80; then\n"
                      "  x=$(wget \"$B\n\")\nfi\nnc 0 80 | sh -c 'curl 0:81'\n");
}
END_TEST

static const TTest *const tests[] = {reports_what_clients_connect_to, reports_nothing_of_text,
                                     says_what_becomes_of_variables, survives_anything,
                                     gives_the_same_by_windows};
UNIT_MAIN("scan_shell", tests)
