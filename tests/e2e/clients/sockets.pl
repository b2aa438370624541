# What the tests of IO::Socket (INET, IP and UNIX), Socket and Net::* do, as Debian ships those tests in no
# package: every call of these modules, each result printed as a line of the Test Anything Protocol.
# sockets.pl FILE: what of the maps is the library's goes to FILE.
use strict;
use warnings;
use Errno qw(:POSIX);
use Fcntl;
use IO::Select;
use IO::Socket qw(:DEFAULT :crlf);
use IO::Socket::INET;
use IO::Socket::IP;
use IO::Socket::UNIX;
use Socket qw(:DEFAULT :addrinfo inet_pton inet_ntop IPPROTO_TCP TCP_NODELAY SO_ERROR SO_TYPE IPV6_V6ONLY IPPROTO_IPV6);

{
    open my $maps, '<', '/proc/self/maps' or die $!;
    open my $proof, '>', $ARGV[0] or die $!;
    print $proof grep { m{/libastray\.so$} } <$maps>;
}
my $count = 0;
$| = 1;
$SIG{ALRM} = sub { print "Bail out! a call hangs\n"; exit 1 };
alarm 60;

sub check {
    my ($good, $name, $detail) = @_;
    $count++;
    print $good ? '' : 'not ', "ok $count $name", defined $detail ? " ($detail)" : '', "\n";
}

# A port that nobody listens on, held by a bound socket.
sub closed_port {
    my $holder = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'tcp', Type => SOCK_STREAM) or die $@;
    return ($holder, $holder->sockport);
}

sub errno_of { my $error = $! + 0; return (grep { eval { no strict 'refs'; &{"Errno::$_"}() } == $error } sort keys %!)[0] // $error }

# One connection there and back, in both forms of the module.
for my $class ('IO::Socket::INET', 'IO::Socket::IP') {
    my $server = $class->new(Listen => 5, LocalAddr => '127.0.0.1', Proto => 'tcp', ReuseAddr => 1);
    check($server, "$class listens");
    my $port = $server->sockport;
    for my $host ('127.0.0.1', 'localhost', '0.0.0.0', '0.0.0.0:' . $port) {
        my @to = $host =~ /:/ ? ($host) : (PeerAddr => $host, PeerPort => $port);
        my $client = $class->new(@to);
        check($client, "$class connects to " . ($host =~ s/:.*/:PORT/r));
        next unless $client;
        my $peer = $server->accept;
        check($peer && $peer->peerport == $client->sockport, "$class accepts it");
        check($client->peerhost eq '127.0.0.1' && $client->peerport == $port, "$class names the peer", $client->peerhost);
        check($client->sockhost eq '127.0.0.1', "$class names its own end", $client->sockhost);
        print $client "over there$CRLF";
        check(scalar(<$peer>) eq "over there$CRLF", "$class sends a line");
        $peer->send('back');
        $client->recv(my $got, 10);
        check($got eq 'back', "$class receives");
        $client->setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);
        check($client->getsockopt(IPPROTO_TCP, TCP_NODELAY), "$class sets an option");
        check($client->sockopt(SO_ERROR) == 0 && $client->socktype == SOCK_STREAM, "$class has no error");
        check($client->connected, "$class is connected");
        $client->shutdown(SHUT_WR);
        check(!defined scalar(<$peer>), "$class shuts down");
        check($client->close && $peer->close, "$class closes");
    }
    my ($holder, $closed) = closed_port();
    for my $host ('127.0.0.1', '0.0.0.0') {
        check(!$class->new(PeerAddr => $host, PeerPort => $closed), "$class is refused by $host", errno_of());
        check($@ =~ /refused/, "$class says so", $@ =~ s/\d{4,5}/PORT/r);
        check(!$class->new(PeerAddr => $host, PeerPort => $closed, Timeout => 5), "$class with a timeout is refused by $host", errno_of());
    }
    check(!$class->new(PeerAddr => 'no.such.invalid', PeerPort => 9), "$class knows no such name");
    check(!$class->new(PeerAddr => '127.0.0.1', PeerPort => 0), "$class refuses port 0", errno_of());
    check(!$class->new(PeerAddr => '127.0.0.1', PeerPort => $port, LocalAddr => '192.0.2.1'), "$class cannot bind what is not here", errno_of());
    my $bound = $class->new(PeerAddr => '0.0.0.0', PeerPort => $port, LocalAddr => '127.0.0.1');
    check($bound && $bound->peerhost eq '127.0.0.1', "$class binds and connects to 0.0.0.0");
    my $multi = $class->new(PeerAddr => 'localhost', PeerPort => $port, MultiHomed => 1);
    check($multi && $multi->peerhost eq '127.0.0.1', "$class tries every address");
}

# Without blocking, and what is asked about the outcome.
{
    my $server = IO::Socket::INET->new(Listen => 50, LocalAddr => '127.0.0.1') or die $@;
    my ($holder, $closed) = closed_port();
    for my $row (['127.0.0.1', $server->sockport, 0], ['0.0.0.0', $server->sockport, 0], ['127.0.0.1', $closed, ECONNREFUSED], ['0.0.0.0', $closed, ECONNREFUSED]) {
        my ($host, $port, $error) = @$row;
        my $client = IO::Socket::INET->new(Proto => 'tcp', Blocking => 0) or die $@;
        my $done = connect($client, pack_sockaddr_in($port, inet_aton($host)));
        check(!$done && $!{EINPROGRESS}, "connect to $host goes on", errno_of());
        check(scalar(IO::Select->new($client)->can_write(5)), 'it is over');
        check($client->sockopt(SO_ERROR) == $error, "the outcome is $error");
        check($client->sockopt(SO_ERROR) == 0, 'it is told once');
        $client = IO::Socket::INET->new(Proto => 'tcp', Blocking => 0) or die $@;
        connect($client, pack_sockaddr_in($port, inet_aton($host)));
        IO::Select->new($client)->can_write(5);
        connect($client, pack_sockaddr_in($port, inet_aton($host)));
        check($error == 0 || $!{ECONNREFUSED}, 'a second connect tells it', $error == 0 ? undef : errno_of());
        $client = IO::Socket::INET->new(Proto => 'tcp', Blocking => 0) or die $@;
        connect($client, pack_sockaddr_in($port, inet_aton($host)));
        IO::Select->new($client)->can_write(5);
        my $written = syswrite($client, 'x');
        check(defined $written ? $error == 0 : $error != 0, 'a write tells it', errno_of());
        my $step = IO::Socket::IP->new(PeerHost => $host, PeerService => $port, Type => SOCK_STREAM, Blocking => 0);
        check($step, 'IO::Socket::IP goes on');
        while ($step && !$step->connect && ($!{EINPROGRESS} || $!{EWOULDBLOCK})) {
            IO::Select->new($step)->can_write(5);
        }
        check($error == 0 ? $step->connected : !$step->connected, 'IO::Socket::IP is at its end');
    }
}

# UDP.
for my $class ('IO::Socket::INET', 'IO::Socket::IP') {
    my $one = $class->new(Proto => 'udp', LocalAddr => '127.0.0.1', Type => SOCK_DGRAM) or die $@;
    my $two = $class->new(Proto => 'udp', LocalAddr => '127.0.0.1', Type => SOCK_DGRAM) or die $@;
    check($one->send('ok', 0, pack_sockaddr_in($two->sockport, inet_aton('127.0.0.1'))) == 2, "$class sends a datagram");
    $two->recv(my $got, 5);
    check($got eq 'ok' && $two->peerport == $one->sockport, "$class receives it");
    check($two->send('fine') == 4, "$class answers");
    $one->recv($got, 5);
    check($got eq 'fine', "$class has the answer");
    my $any = $class->new(Proto => 'udp', PeerAddr => '0.0.0.0', PeerPort => $two->sockport, Type => SOCK_DGRAM);
    check($any && $any->peerhost eq '127.0.0.1', "$class connects UDP to 0.0.0.0");
    check($any->send('x') == 1, "$class sends there");
    my $far = $class->new(Proto => 'udp', PeerAddr => '192.0.2.1', PeerPort => 9, Type => SOCK_DGRAM);
    check(!$far, "$class finds no way", errno_of());
    my $bare = $class->new(Proto => 'udp', Type => SOCK_DGRAM, LocalAddr => '127.0.0.1') or die $@;
    my $sent = $bare->send('x', 0, pack_sockaddr_in(0, inet_aton('127.0.0.1')));
    check(!defined $sent, "$class sends nothing to port 0", errno_of());
}

# IPv6, where there is one.
if (my $server = IO::Socket::IP->new(Listen => 1, LocalAddr => '::1', Family => AF_INET6)) {
    for my $host ('::1', '::') {
        my $client = IO::Socket::IP->new(PeerHost => $host, PeerService => $server->sockport);
        check($client && $client->peerhost eq '::1', "IPv6 connects to $host");
    }
    my $client = IO::Socket::IP->new(PeerHost => '0.0.0.0', PeerService => $server->sockport);
    check(!$client, 'a listener on ::1 is not at 0.0.0.0', errno_of());
    check(!IO::Socket::IP->new(PeerHost => 'fe80::1', PeerService => 9), 'a link-local address needs a zone', errno_of());
}

# UNIX sockets and pairs.
{
    my $path = ($ENV{TMPDIR} // '/tmp') . "/sockets-$$";
    my $server = IO::Socket::UNIX->new(Listen => 1, Local => $path);
    check($server, 'UNIX listens');
    my $client = IO::Socket::UNIX->new(Peer => $path);
    check($client && defined $server->accept, 'UNIX connects');
    unlink $path;
    check(!IO::Socket::UNIX->new(Peer => $path), 'UNIX finds nobody', errno_of());
    my ($left, $right) = IO::Socket->socketpair(AF_UNIX, SOCK_STREAM, PF_UNSPEC);
    check($left && $right && syswrite($left, 'x') == 1, 'a pair');
}

# The resolver.
for my $row (['127.0.0.1', AI_NUMERICHOST], ['0', 0], ['0x0', 0], ['0.0', 0], ['010.1', 0], ['localhost', 0], ['0.0.0.0', AI_PASSIVE], ['::', AI_PASSIVE], ['no.such.invalid', AI_NUMERICHOST]) {
    my ($error, @found) = getaddrinfo($row->[0], '80', {flags => $row->[1], socktype => SOCK_STREAM});
    my @texts = map { (getnameinfo($_->{addr}, NI_NUMERICHOST | NI_NUMERICSERV))[1] } @found;
    check(1, "getaddrinfo $row->[0]", $error ? "$error" : join ' ', @texts);
}
for my $name ('127.0.0.1', '0', '0x0', '010.1', '256.1.1.1') {
    my $packed = inet_aton($name);
    check(1, "inet_aton $name", $packed ? inet_ntoa($packed) : 'none');
    my @host = gethostbyname($name);
    check(1, "gethostbyname $name", @host ? join ' ', map { inet_ntoa($_) } @host[4 .. $#host] : 'none');
}

# Errors of the call itself.
socket(my $plain, PF_INET, SOCK_STREAM, 0) or die $!;
check(!eval { connect($plain, 'x') }, 'too short an address', errno_of());
check(!connect($plain, pack_sockaddr_un('/no/such')), 'another family', errno_of());
check(!connect(STDIN, pack_sockaddr_in(80, INADDR_ANY)), 'no socket', errno_of());
close $plain;
{
    no warnings;
    check(!connect($plain, pack_sockaddr_in(80, INADDR_ANY)), 'a closed socket', errno_of());
}
print "1..$count\n";
