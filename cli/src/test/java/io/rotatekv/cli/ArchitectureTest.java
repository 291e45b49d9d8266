package io.rotatekv.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the arrows between modules: who may know whom. */
class ArchitectureTest {

  private static JavaClasses ours;

  @BeforeAll
  static void read() {
    ours =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.rotatekv");
  }

  @Test
  void modulesKnowOnlyThoseTheyMay() {
    layeredArchitecture()
        .consideringOnlyDependenciesInAnyPackage("io.rotatekv..")
        .layer("proto")
        .definedBy("io.rotatekv.proto..", "io.rotatekv.v1..")
        .layer("kernels")
        .definedBy("io.rotatekv.kernels..")
        .layer("model")
        .definedBy("io.rotatekv.model..")
        .layer("store")
        .definedBy("io.rotatekv.store..")
        .layer("node")
        .definedBy("io.rotatekv.node..")
        .layer("prefill")
        .definedBy("io.rotatekv.prefill..")
        .layer("decode")
        .definedBy("io.rotatekv.decode..")
        .layer("eval")
        .definedBy("io.rotatekv.eval..")
        .layer("cli")
        .definedBy("io.rotatekv.cli..")
        .withOptionalLayers(true)
        .ensureAllClassesAreContainedInArchitecture()
        .whereLayer("proto")
        .mayNotAccessAnyLayer()
        .whereLayer("kernels")
        .mayNotAccessAnyLayer()
        .whereLayer("model")
        .mayOnlyAccessLayers("kernels")
        .whereLayer("store")
        .mayOnlyAccessLayers("proto")
        .whereLayer("node")
        .mayOnlyAccessLayers("model", "kernels", "proto")
        .whereLayer("prefill")
        .mayOnlyAccessLayers("node", "model", "kernels", "proto")
        .whereLayer("decode")
        .mayOnlyAccessLayers("node", "model", "kernels", "proto")
        .whereLayer("eval")
        .mayOnlyAccessLayers("model", "kernels")
        .check(ours);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"proto", "kernels", "model", "node", "store", "prefill", "decode", "eval", "cli"})
  void everyModuleIsLookedAt(String module) {
    String name = "io.rotatekv." + module;
    assertFalse(
        ours.stream().noneMatch(type -> type.getPackageName().startsWith(name)),
        "no class of " + name + " was found, so its arrows were not checked");
  }

  @Test
  void packagesOfTheCommandFormNoCycle() {
    slices().matching("io.rotatekv.cli.(*)..").should().beFreeOfCycles().check(ours);
  }

  @Test
  void onlyTheStoreKnowsChronicle() {
    onlyIn("io.rotatekv.store..", "net.openhft..");
  }

  @Test
  void onlyTheModelKnowsTheTokenizerLibrary() {
    onlyIn("io.rotatekv.model..", "ai.djl..");
  }

  @Test
  void onlyTheKernelsKnowCuda() {
    onlyIn("io.rotatekv.kernels.cuda..", "jcuda..");
  }

  private static void onlyIn(String home, String library) {
    noClasses()
        .that()
        .resideOutsideOfPackage(home)
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library)
        .check(ours);
  }

  @Test
  void commandsArePackagePrivate() {
    classes()
        .that()
        .resideInAPackage("io.rotatekv.cli")
        .and()
        .haveSimpleNameEndingWith("Command")
        .should()
        .bePackagePrivate()
        .check(ours);
  }
}
