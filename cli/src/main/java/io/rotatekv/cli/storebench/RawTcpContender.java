package io.rotatekv.cli.storebench;

import io.rotatekv.cli.cluster.JavaCommand;
import io.rotatekv.cli.console.CommandException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The upper bound: the same bytes in the same pattern, by plain blocking NIO to another process,
 * with no checksum, no framing and no store behind.
 */
final class RawTcpContender implements Contender {

  private static final int READ_BYTES = 1 << 20;

  private final Values values;
  private final Process process;
  private final InetSocketAddress address;

  private RawTcpContender(Values values, Process process, InetSocketAddress address) {
    this.values = values;
    this.process = process;
    this.address = address;
  }

  /**
   * Starts the other process.
   *
   * @param java how this process was started, but for its main class
   */
  static RawTcpContender start(JavaCommand java, Values values) {
    try {
      Process process =
          java.withMain(RawTcpServer.class.getName())
              .process(List.of())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
      String port = output.readLine();
      if (port == null) {
        throw new CommandException("the raw copy's process ended at its start", "");
      }
      return new RawTcpContender(
          values,
          process,
          new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port)));
    } catch (IOException e) {
      throw new CommandException("cannot start the raw copy's process: " + e.getMessage(), "", e);
    }
  }

  @Override
  public void prepare(Cell cell) {}

  @Override
  public Caller connect(Cell cell, int client) throws IOException {
    SocketChannel channel = SocketChannel.open(address);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    return new RawCaller(channel, cell);
  }

  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
  }

  private final class RawCaller implements Caller {

    private final SocketChannel channel;
    private final Cell cell;
    private final ByteBuffer request = ByteBuffer.allocateDirect(RawTcpServer.REQUEST_BYTES);
    private final ByteBuffer sink = ByteBuffer.allocateDirect(READ_BYTES);

    RawCaller(SocketChannel channel, Cell cell) {
      this.channel = channel;
      this.cell = cell;
    }

    @Override
    public void call(long n) throws IOException {
      int count = cell.valuesPerCall();
      boolean put = cell.op().writes();
      request.clear().putInt(put ? 0 : 1).putInt(cell.valueBytes()).putInt(count).flip();
      RawTcpServer.writeFully(channel, request);
      if (put) {
        for (int i = 0; i < count; i++) {
          RawTcpServer.writeFully(channel, values.value(n * count + i, cell.valueBytes()));
        }
        RawTcpServer.readFully(channel, request.clear());
      } else {
        RawTcpServer.skip(channel, cell.bytesPerCall(), sink);
      }
    }

    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
