package io.rotatekv.cli.storebench;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * The other end of the raw copy, a process of its own: sends or takes as many values as it is asked
 * for, by blocking channels and direct buffers, and looks at none of them. It ends when its
 * standard input does.
 */
public final class RawTcpServer {

  /** A request: 1 to get or 0 to put, the bytes of a value, and how many values. */
  static final int REQUEST_BYTES = 12;

  /** What is read at a time; larger gave no more. */
  private static final int READ_BYTES = 1 << 20;

  private final Values values = new Values();

  private RawTcpServer() {}

  /** Listens on a free port of loopback and prints it. */
  public static void main(String[] args) throws IOException {
    ServerSocketChannel server =
        ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    System.out.println(server.socket().getLocalPort());
    Thread.ofPlatform().daemon().start(() -> new RawTcpServer().accept(server));
    while (System.in.read() >= 0) {
      // Until the parent is gone.
    }
  }

  private void accept(ServerSocketChannel server) {
    while (true) {
      try {
        SocketChannel channel = server.accept();
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        Thread.ofPlatform().daemon().start(() -> serve(channel));
      } catch (IOException e) {
        return; // The process is ending.
      }
    }
  }

  private void serve(SocketChannel channel) {
    ByteBuffer request = ByteBuffer.allocateDirect(REQUEST_BYTES);
    ByteBuffer sink = ByteBuffer.allocateDirect(READ_BYTES);
    long next = 0;
    try (channel) {
      while (true) {
        readFully(channel, request.clear());
        request.flip();
        boolean get = request.getInt() == 1;
        int length = request.getInt();
        int count = request.getInt();
        for (int i = 0; i < count && get; i++) {
          writeFully(channel, values.value(next++, length));
        }
        if (!get) {
          skip(channel, (long) length * count, sink);
          writeFully(channel, request.clear());
        }
      }
    } catch (IOException e) {
      return; // The client has left.
    }
  }

  static void readFully(SocketChannel channel, ByteBuffer into) throws IOException {
    while (into.hasRemaining()) {
      if (channel.read(into) < 0) {
        throw new EOFException("the raw copy's connection ended");
      }
    }
  }

  static void writeFully(SocketChannel channel, ByteBuffer from) throws IOException {
    while (from.hasRemaining()) {
      channel.write(from);
    }
  }

  /** Reads bytes over one another. */
  static void skip(SocketChannel channel, long bytes, ByteBuffer sink) throws IOException {
    for (long left = bytes; left > 0; ) {
      sink.clear().limit((int) Math.min(left, sink.capacity()));
      readFully(channel, sink);
      left -= sink.position();
    }
  }
}
