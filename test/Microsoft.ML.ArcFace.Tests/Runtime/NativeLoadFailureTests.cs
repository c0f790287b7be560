using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Tests.Runtime;

[TestClass]
public sealed class NativeLoadFailureTests
{
    private const string DotNetPreamble = "Unable to load shared library 'LibTorchSharp' or one of its dependencies. Consider using a tool like strace. \n";

    // Lines that .NET adds for every folder and spelling that it tries.
    private const string Attempts =
        "/app/LibTorchSharp.so: cannot open shared object file: No such file or directory\n" +
        "/usr/share/dotnet/shared/Microsoft.NETCore.App/10.0.0/libLibTorchSharp.so: cannot open shared object file: No such file or directory\n";

    [TestMethod]
    public void OfOnnxRuntime_LibraryMissing_NamesThePackage()
    {
        var cause = new TypeInitializationException("Microsoft.ML.OnnxRuntime.NativeMethods", new DllNotFoundException("Unable to load shared library 'onnxruntime'.\nA line an attempt."));
        NativeRuntimeException error = NativeRuntimeException.OfOnnxRuntime("1.31.1", cause);
        StringAssert.Contains(error.Message, "(Unable to load shared library 'onnxruntime')");
        StringAssert.Contains(error.Message, "dotnet add package Microsoft.ML.OnnxRuntime --version 1.31.1");
        Assert.AreEqual("onnxruntime", error.Library);
        Assert.AreSame(cause, error.InnerException);
    }

    [TestMethod]
    [DataRow("/lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /app/libLibTorchSharp.so)", "libstdc++.so.6", "GLIBCXX_3.4.32", "trixie")]
    [DataRow("/lib64/libstdc++.so.6: version `CXXABI_1.3.13' not found (required by /app/libLibTorchSharp.so)", "libstdc++.so.6", "CXXABI_1.3.13", "GCC 13")]
    [DataRow("/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /app/libLibTorchSharp.so)", "libc.so.6", "GLIBC_2.34", "newer system")]
    [DataRow("libtorch.so: cannot open shared object file: No such file or directory", "libtorch_cpu.so", "0.107.0", "dotnet add package TorchSharp-cpu --version 0.107.0")]
    [DataRow("libc10.so: cannot open shared object file: No such file or directory", "libtorch_cpu.so", "0.107.0", "dotnet add package TorchSharp-cpu --version 0.107.0")]
    [DataRow("libgomp.so.1: cannot open shared object file: No such file or directory", "libgomp.so.1", null, "your distribution")]
    [DataRow("/app/libLibTorchSharp.so: file too short", "libLibTorchSharp.so", null, "restore and build again")]
    [DataRow("/app/libLibTorchSharp.so: wrong ELF class: ELFCLASS32", "libLibTorchSharp.so", null, "another processor")]
    [DataRow("/app/libLibTorchSharp.so: undefined symbol: _ZN5torch3fooE", "LibTorchSharp", null, "_ZN5torch3fooE")]
    [DataRow("Error loading shared library libtorch.so: No such file or directory (needed by /app/libLibTorchSharp.so)", "libc.so.6", "GLIBC_2.34", "musl")]
    public void Explain_OnLinux_NamesLibraryVersionAndRemedy(string line, string library, string? version, string words)
    {
        NativeRuntimeException explained = Explain(DotNetPreamble + Attempts + line + "\n" + Attempts, "linux", Architecture.X64);

        Assert.AreEqual(library, explained.Library);
        Assert.AreEqual(version, explained.RequiredVersion);
        Assert.Contains(words, explained.Message);
        Assert.DoesNotContain("Microsoft.NETCore.App", explained.Message, "Lines of fruitless attempts explain nothing.");
    }

    [TestMethod]
    public void Explain_NoNativeFileAtAll_NamesThePackage()
    {
        NativeRuntimeException explained = Explain(DotNetPreamble + Attempts, "linux", Architecture.X64);

        Assert.AreEqual("libtorch_cpu.so", explained.Library);
        Assert.Contains("dotnet add package TorchSharp-cpu", explained.Message);
    }

    [TestMethod]
    public void Explain_OnMacOS_TellsAMissingPackageFromAnotherProcessorsFile()
    {
        const string missing =
            "dlopen(/app/libLibTorchSharp.dylib, 0x0001): Library not loaded: @rpath/libtorch.dylib\n" +
            "  Referenced from: <4C4C44> /app/libLibTorchSharp.dylib\n" +
            "  Reason: tried: '/app/libtorch.dylib' (no such file), '/usr/lib/libtorch.dylib' (no such file, not in dyld cache)\n";
        const string foreign =
            "dlopen(/app/libLibTorchSharp.dylib, 0x0001): tried: '/app/libLibTorchSharp.dylib' (mach-o file, but is an incompatible architecture (have 'x86_64', need 'arm64'))\n";

        Assert.AreEqual("libtorch_cpu.dylib", Explain(DotNetPreamble + missing, "osx", Architecture.Arm64).Library);
        Assert.AreEqual("libLibTorchSharp.dylib", Explain(DotNetPreamble + foreign, "osx", Architecture.Arm64).Library);
    }

    [TestMethod]
    [DataRow("", "torch_cpu.dll", "dotnet add package TorchSharp-cpu")]
    [DataRow("msvcp140.dll", "msvcp140.dll", "Visual C++")]
    public void Explain_OnWindows_LooksForTheVisualCppRuntime(string absent, string library, string words)
    {
        const string text = "Unable to load DLL 'LibTorchSharp' or one of its dependencies: The specified module could not be found. (0x8007007E)";

        NativeRuntimeException explained = Explain(text, "win", Architecture.X64, file => file != absent);

        Assert.AreEqual(library, explained.Library);
        Assert.Contains(words, explained.Message);
    }

    [TestMethod]
    public void Explain_FileOfAnotherProcessorOnWindows_SaysSo()
    {
        NativeRuntimeException explained = NativeLoadFailure.Explain(
            new BadImageFormatException("An attempt was made to load a program with an incorrect format. (0x8007000B)"), Platform("win", Architecture.X64), "0.107.0");

        Assert.Contains("processor", explained.Message);
    }

    [TestMethod]
    [DataRow("linux", Architecture.Arm64, "linux-arm64")]
    [DataRow("osx", Architecture.X64, "osx-x64")]
    [DataRow("win", Architecture.X86, "win-x86")]
    [DataRow("win", Architecture.Arm64, "win-arm64")]
    public void Explain_PlatformWithoutNativePackage_NamesItAndThoseThatHaveOne(string system, Architecture architecture, string name)
    {
        NativeRuntimeException explained = Explain(DotNetPreamble + Attempts, system, architecture);

        Assert.Contains(name, explained.Message);
        Assert.Contains("linux-x64, win-x64, osx-arm64", explained.Message);
    }

    /// <summary>The words of the system's own loader, brought about by a library that asks for a version nobody has.</summary>
    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void Explain_TheLoadersOwnWords_NamesTheMissingVersion()
    {
        NativeLibraries.EnsureLoaded();
        string library = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libLibTorchSharp.so");
        byte[] bytes = File.ReadAllBytes(library);
        int position = bytes.AsSpan().IndexOf("GLIBCXX_3.4.32\0"u8);
        Assert.IsGreaterThan(0, position, "The library asks for another version now: scripts and messages name GLIBCXX_3.4.32.");
        Encoding.ASCII.GetBytes("GLIBCXX_3.4.99").CopyTo(bytes, position);
        string altered = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".so");
        try
        {
            File.WriteAllBytes(altered, bytes);
            DllNotFoundException error = Assert.ThrowsExactly<DllNotFoundException>(() => NativeLibrary.Load(altered));

            NativeRuntimeException explained = NativeLoadFailure.Explain(error, NativePlatform.Current, NativeLibraries.TorchSharpVersion);

            Assert.AreEqual("libstdc++.so.6", explained.Library);
            Assert.AreEqual("GLIBCXX_3.4.99", explained.RequiredVersion);
            Assert.AreSame(error, explained.InnerException);
        }
        finally
        {
            File.Delete(altered);
        }
    }

    private static NativeRuntimeException Explain(string text, string system, Architecture architecture, Func<string, bool>? canLoad = null) =>
        NativeLoadFailure.Explain(new DllNotFoundException(text), Platform(system, architecture, canLoad), "0.107.0");

    private static NativePlatform Platform(string system, Architecture architecture, Func<string, bool>? canLoad = null) =>
        new(system, architecture, canLoad ?? (_ => true));
}
