package io.rotatekv.cli;

import io.grpc.stub.StreamObserver;
import io.rotatekv.proto.ServiceException;
import io.rotatekv.v1.DecodeGrpc;
import io.rotatekv.v1.ErrorReason;
import io.rotatekv.v1.FinishReason;
import io.rotatekv.v1.GenerateRequest;
import io.rotatekv.v1.GenerateResponse;
import io.rotatekv.v1.GenerateSummary;
import io.rotatekv.v1.TokenChunk;
import java.util.List;

/** Answers with the words of the last line of the prompt; remembers how often it was asked. */
final class EchoDecode extends DecodeGrpc.DecodeImplBase {

  static final String TOO_LONG = "much too long";
  static final String WITH_WARNING = "lose the store";

  private int asked;

  @Override
  public synchronized void generate(
      GenerateRequest request, StreamObserver<GenerateResponse> responses) {
    String prompt = prompt(request);
    if (prompt.equals(TOO_LONG)) {
      throw new ServiceException(
          ErrorReason.ERROR_REASON_CONTEXT_TOO_LONG, "9 tokens do not fit the context of 8");
    }
    List<String> words = List.of(prompt.lines().toList().getLast().split(" ", -1));
    List<String> answer = words.subList(0, Math.min(words.size(), request.getMaxTokens()));
    for (String word : answer) {
      responses.onNext(
          GenerateResponse.newBuilder()
              .setTokens(TokenChunk.newBuilder().setText(word + " ").addTokenIds(1))
              .build());
    }
    GenerateSummary.Builder summary =
        GenerateSummary.newBuilder()
            .setFinishReason(FinishReason.FINISH_REASON_LENGTH)
            .setPromptTokens(words.size())
            .setCachedPrefixTokens(64 * asked)
            .setGeneratedTokens(answer.size())
            .setTtftMs(100.0 / (asked + 1))
            .setDecodeMs(1000)
            .setKvBytes(1000)
            .setFp16KvBytes(8000)
            .setBlocksPut(30)
            .setBlocksGot(60);
    if (prompt.equals(WITH_WARNING)) {
      summary.addWarnings("the store could not be reached");
    }
    asked++;
    responses.onNext(GenerateResponse.newBuilder().setSummary(summary).build());
    responses.onCompleted();
  }

  private static String prompt(GenerateRequest request) {
    return request.hasChat()
        ? request.getChat().getMessagesList().getLast().getContent()
        : request.getPrompt();
  }
}
