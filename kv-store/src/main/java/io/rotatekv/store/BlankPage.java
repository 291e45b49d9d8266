package io.rotatekv.store;

import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.BytesStore;
import net.openhft.chronicle.bytes.RandomDataInput;
import net.openhft.chronicle.bytes.RandomDataOutput;
import net.openhft.chronicle.hash.AbstractData;
import org.jspecify.annotations.Nullable;

/**
 * The value of a page that is about to be written in place. Only its beginning is cleared, where a
 * manifest would stand, so that what an earlier set left there is never taken for this one's.
 */
final class BlankPage extends AbstractData<byte[]> {

  /** At least the manifest's magic; a cache line. */
  private static final int CLEARED_BYTES = 64;

  private final BytesStore<?, ?> zeros;
  private final int pageBytes;

  BlankPage(int pageBytes) {
    this.pageBytes = pageBytes;
    this.zeros = Bytes.wrapForRead(new byte[pageBytes]);
  }

  @Override
  public RandomDataInput bytes() {
    return zeros;
  }

  @Override
  public long offset() {
    return 0;
  }

  @Override
  public long size() {
    return pageBytes;
  }

  @Override
  @SuppressWarnings("rawtypes") // As Chronicle declares it.
  public void writeTo(RandomDataOutput target, long targetOffset) {
    target.write(targetOffset, zeros, 0, CLEARED_BYTES);
  }

  @Override
  public byte[] get() {
    return new byte[pageBytes];
  }

  @Override
  public byte[] getUsing(byte @Nullable [] using) {
    return get();
  }
}
