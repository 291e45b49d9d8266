package io.rotatekv.decode;

import static io.rotatekv.kernels.codec.BlockCodec.BLOCK_TOKENS;

import io.rotatekv.kernels.codec.KvShape;
import io.rotatekv.model.engine.BlockListener;
import io.rotatekv.model.engine.Generator;
import io.rotatekv.model.engine.Sequence;
import io.rotatekv.model.runtime.CacheIdentity;
import io.rotatekv.model.runtime.ModelRuntime;
import io.rotatekv.model.tokenizer.Tokenizer;
import io.rotatekv.proto.KeyChain;
import io.rotatekv.proto.stores.StoreGroup;
import io.rotatekv.v1.Namespace;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;

/** What all requests of one node share. */
record DecodeNode(
    ModelRuntime runtime,
    BatchLoop loop,
    PrefixSource source,
    StoreGroup store,
    Executor writeBacks) {

  Tokenizer tokenizer() {
    return runtime.model().tokenizer();
  }

  KvShape shape() {
    return runtime.engine().codec().shape();
  }

  Sequence open(BlockListener listener) {
    return runtime.engine().open(listener);
  }

  /** The chain of a prompt's cacheable blocks. */
  KeyChain chain(Prompt prompt) {
    int blocks = Generator.cacheableBlocks(prompt.tokens().length);
    return chain(prompt.tenant(), Arrays.copyOf(prompt.tokens(), blocks * BLOCK_TOKENS));
  }

  private KeyChain chain(String tenant, int[] tokens) {
    CacheIdentity identity = runtime.cacheIdentity();
    Namespace namespace =
        KeyChain.namespace(identity.modelFingerprint(), identity.codecFingerprint(), tenant);
    List<byte[]> keys = identity.keys(tenant, tokens);
    return new KeyChain(namespace, identity.root(tenant).toBytes(), keys);
  }

  WriteBack writeBack(Prompt prompt) {
    return new WriteBack(
        store,
        tokens -> chain(prompt.tenant(), tokens),
        writeBacks,
        shape().layers(),
        prompt.tokens());
  }
}
