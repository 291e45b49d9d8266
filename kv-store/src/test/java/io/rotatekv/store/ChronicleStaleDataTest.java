package io.rotatekv.store;

import java.time.InstantSource;

class ChronicleStaleDataTest extends StaleDataContract {

  @Override
  BlockStore open() {
    return PagedBlockStore.open(BlockStoreContract.CONFIG, InstantSource.system(), Runnable::run);
  }
}
