import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** Connects in one of the ways that Java has: Client WAY HOST PORT. */
public class Client {
    public static void main(String[] arguments) throws Exception {
        String host = arguments[1];
        int port = Integer.parseInt(arguments[2]);
        try {
            switch (arguments[0]) {
            case "socket":
                new Socket(host, port).close();
                break;
            case "url":
            case "url-timeout":
                URLConnection connection = new URL("http://" + host + ":" + port + "/").openConnection();
                if (arguments[0].equals("url-timeout"))
                    connection.setConnectTimeout(5000);
                connection.getInputStream().close();
                break;
            case "channel":
                SocketChannel.open(new InetSocketAddress(host, port)).close();
                break;
            case "datagram":
                datagram(new InetSocketAddress(host, port));
                break;
            case "selector":
                select(new InetSocketAddress(host, port));
                break;
            }
        } catch (java.io.IOException exception) {
            System.out.println(exception);
        }
    }

    private static void datagram(InetSocketAddress address) throws java.io.IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(address);
            System.out.println(socket.isConnected());
        }
    }

    private static void select(InetSocketAddress address) throws java.io.IOException {
        try (Selector selector = Selector.open(); SocketChannel channel = SocketChannel.open()) {
            channel.configureBlocking(false);
            channel.connect(address);
            channel.register(selector, SelectionKey.OP_CONNECT);
            selector.select(5000);
            System.out.println(channel.finishConnect());
        }
    }
}
