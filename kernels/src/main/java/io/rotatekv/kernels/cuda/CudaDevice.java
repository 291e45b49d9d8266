package io.rotatekv.kernels.cuda;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.JCudaDriver;

/**
 * One GPU, through its primary context.
 *
 * <p>The driver's calls work on the context that is current on the calling thread: {@link #open}
 * makes it current on its own thread, every other thread calls {@link #makeCurrent} first. What the
 * device hands out belongs to the caller, who closes it before the device.
 */
public final class CudaDevice implements AutoCloseable {

  /** The compute capability that sources named {@code *_sm90} are compiled for. */
  static final int HOPPER = 90;

  private static final int NAME_BYTES = 256;

  /** As {@code kernels/src/main/cuda/build} compiles it. */
  private static final int PTX_CAPABILITY = 80;

  private static final Path DRIVER_FILE = Path.of("/proc/driver/nvidia/version");
  private static final Pattern DRIVER_RELEASE = Pattern.compile("\\d+\\.\\d+(\\.\\d+)?");

  private final int ordinal;
  private final CUdevice device;
  private final CUcontext context;
  private final AtomicBoolean closed = new AtomicBoolean();

  private CudaDevice(int ordinal, CUdevice device, CUcontext context) {
    this.ordinal = ordinal;
    this.device = device;
    this.context = context;
  }

  /** Why CUDA cannot run on this machine, with the cure; empty where it can. */
  public static Optional<String> obstacle() {
    return CudaObstacle.find();
  }

  /**
   * Opens GPU {@code ordinal}, counted from 0 among those that the driver shows.
   *
   * @throws CudaException if there is none or the driver refuses
   * @throws IllegalStateException if there is an {@link #obstacle}
   */
  public static CudaDevice open(int ordinal) {
    obstacle()
        .ifPresent(reason -> {
          throw new IllegalStateException("CUDA cannot run: " + reason);
        });
    CUdevice device = new CUdevice();
    Driver.check("cuDeviceGet of GPU " + ordinal, JCudaDriver.cuDeviceGet(device, ordinal));
    CUcontext context = new CUcontext();
    Driver.check(
        "cuDevicePrimaryCtxRetain of GPU " + ordinal,
        JCudaDriver.cuDevicePrimaryCtxRetain(context, device));
    CudaDevice opened = new CudaDevice(ordinal, device, context);
    opened.makeCurrent();
    return opened;
  }

  /** Makes the calling thread one that may use what this device handed out. */
  public void makeCurrent() {
    Driver.check("cuCtxSetCurrent", JCudaDriver.cuCtxSetCurrent(context));
  }

  /** The GPU's number among those that the driver shows. */
  public int ordinal() {
    return ordinal;
  }

  /** The card's name, such as {@code NVIDIA H100 80GB HBM3}. */
  public String name() {
    byte[] name = new byte[NAME_BYTES];
    Driver.check("cuDeviceGetName", JCudaDriver.cuDeviceGetName(name, name.length, device));
    return new String(name, StandardCharsets.UTF_8).split("\0", 2)[0];
  }

  /** How many multiprocessors it has. */
  public int multiprocessors() {
    return attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  }

  /** Major times ten plus minor: 80 for Ampere, 90 for Hopper. */
  public int computeCapability() {
    return computeCapability(device);
  }

  /**
   * The compute capability whose code it runs: its own or, where {@code CUDA_FORCE_PTX_JIT} makes
   * the driver take the images' PTX, that of the PTX.
   */
  public int codeCapability() {
    return "1".equals(System.getenv("CUDA_FORCE_PTX_JIT"))
        ? Math.min(computeCapability(), PTX_CAPABILITY)
        : computeCapability();
  }

  /**
   * Whether the images hold machine code for it. Else the driver compiles their PTX when they are
   * loaded for the first time, which took 25 s for all of them.
   */
  public boolean hasMachineCode() {
    return codeCapability() == HOPPER;
  }

  static int computeCapability(CUdevice device) {
    return 10 * attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
        + attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  }

  /** Size of its second-level cache in bytes. */
  public int l2Bytes() {
    return attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
  }

  /** Bytes of its memory that no process holds now. */
  public long freeBytes() {
    return memory()[0];
  }

  /** Bytes of its memory. */
  public long totalBytes() {
    return memory()[1];
  }

  /**
   * The driver's release and the newest CUDA that it knows, such as {@code 580.95.05 (CUDA 13.0)}.
   */
  public String driver() {
    int version = driverVersion();
    String cuda = "CUDA %d.%d".formatted(version / 1000, version % 1000 / 10);
    try {
      Matcher release = DRIVER_RELEASE.matcher(Files.readString(DRIVER_FILE));
      return release.find() ? "%s (%s)".formatted(release.group(), cuda) : cuda;
    } catch (IOException e) {
      return cuda; // inside some containers the kernel's file is not shown
    }
  }

  static int driverVersion() {
    int[] version = new int[1];
    Driver.check("cuDriverGetVersion", JCudaDriver.cuDriverGetVersion(version));
    return version[0];
  }

  /** A new stream. */
  public CudaStream stream() {
    return CudaStream.create(this);
  }

  /** A new event, which has not happened. */
  public CudaEvent event() {
    return CudaEvent.create(this);
  }

  /** {@code bytes} of the device's memory, at least 1, with undefined content. */
  public DeviceBuffer allocate(long bytes) {
    return DeviceBuffer.allocate(this, bytes);
  }

  /** {@code bytes} of pinned host memory, from 1 to 2 GiB less one, with undefined content. */
  public PinnedBuffer allocatePinned(long bytes) {
    return PinnedBuffer.allocate(this, bytes);
  }

  /**
   * Loads the kernels compiled from {@code name.cu}: machine code where the image has it for this
   * card, else its PTX, which the driver compiles now.
   *
   * @throws IllegalArgumentException if there is no such image
   * @throws CudaException if the driver cannot load it, as where it holds nothing for this card
   */
  public CudaModule module(String name) {
    return CudaModule.load(this, name, CudaImages.find(name));
  }

  /**
   * Opens cuBLAS for one stream at a time.
   *
   * @throws IllegalStateException if the library is not found; the message names the cure
   * @throws CudaException if it cannot start
   */
  public Cublas cublas() {
    return Cublas.open(this);
  }

  /** Gives the context back; closing again does nothing. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      Driver.check("cuDevicePrimaryCtxRelease", JCudaDriver.cuDevicePrimaryCtxRelease(device));
    }
  }

  private int attribute(int attribute) {
    return attribute(device, attribute);
  }

  private static int attribute(CUdevice device, int attribute) {
    int[] value = new int[1];
    Driver.check(
        "cuDeviceGetAttribute", JCudaDriver.cuDeviceGetAttribute(value, attribute, device));
    return value[0];
  }

  private long[] memory() {
    makeCurrent();
    long[] free = new long[1];
    long[] total = new long[1];
    Driver.check("cuMemGetInfo", JCudaDriver.cuMemGetInfo(free, total));
    return new long[] {free[0], total[0]};
  }
}
