package io.rotatekv.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class TeamTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void runsEveryTaskOnceInManySmallRegions(int threads) {
    try (Team team = Team.of(threads)) {
      assertEquals(threads, team.size());
      for (int region = 0; region < 5_000; region++) {
        int tasks = region % 9;
        AtomicIntegerArray runs = new AtomicIntegerArray(tasks);
        team.run(tasks, runs::incrementAndGet);
        for (int task = 0; task < tasks; task++) {
          assertEquals(1, runs.get(task));
        }
      }
    }
  }

  @Test
  void tasksRunAtTheSameTime() {
    try (Team team = Team.of(3)) {
      CountDownLatch allStarted = new CountDownLatch(3);
      team.run(
          3,
          task -> {
            allStarted.countDown();
            awaitUninterrupted(allStarted);
          });
      assertEquals(0, allStarted.getCount());
    }
  }

  @Test
  void workersThatParkedAreWoken() throws InterruptedException {
    Set<Thread> workers = ConcurrentHashMap.newKeySet();
    try (Team team = Team.of(2)) {
      for (int region = 0; region < 3; region++) {
        CountDownLatch bothStarted = new CountDownLatch(2);
        team.run(
            2,
            task -> {
              workers.add(Thread.currentThread());
              bothStarted.countDown();
              awaitUninterrupted(bothStarted);
            });
        awaitParked(workers);
      }
    }
  }

  @Test
  void aTeamOfOneStartsNoThread() {
    try (Team team = Team.of(1)) {
      team.run(5, task -> assertFalse(Thread.currentThread().getName().startsWith("rotatekv")));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void exceptionsAreThrownInTheCallerAfterAllTasksAreDone(int threads) {
    try (Team team = Team.of(threads)) {
      AtomicInteger done = new AtomicInteger();
      RuntimeException thrown = new IllegalArgumentException("task 3");
      RuntimeException caught =
          assertThrows(
              RuntimeException.class,
              () ->
                  team.run(
                      20,
                      task -> {
                        if (task == 3) {
                          throw thrown;
                        }
                        done.incrementAndGet();
                      }));
      assertSame(thrown, caught);
      assertEquals(19, done.get());
      team.run(4, task -> done.incrementAndGet());
      assertEquals(23, done.get());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void regionsWithinRegionsAreRefused(int threads) {
    try (Team team = Team.of(threads)) {
      IllegalStateException refused =
          assertThrows(
              IllegalStateException.class, () -> team.run(1, task -> team.run(1, inner -> {})));
      assertTrue(refused.toString().contains("running already"), refused::toString);
    }
  }

  @Test
  void closingEndsTheThreadsAndRefusesMoreWork() throws InterruptedException {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    Team team = Team.of(3);
    CountDownLatch allStarted = new CountDownLatch(3);
    team.run(
        3,
        task -> {
          threads.add(Thread.currentThread());
          allStarted.countDown();
          awaitUninterrupted(allStarted);
        });
    team.close();
    team.close();
    threads.remove(Thread.currentThread());
    assertEquals(2, threads.size());
    for (Thread thread : threads) {
      thread.join();
    }
    assertThrows(IllegalStateException.class, () -> team.run(1, task -> {}));
  }

  @Test
  void anEmptyTeamIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Team.of(0));
  }

  private static void awaitParked(Set<Thread> workers) {
    for (Thread worker : workers) {
      while (worker != Thread.currentThread() && worker.getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
    }
  }

  private static void awaitUninterrupted(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
