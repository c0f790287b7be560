using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Runtime;

[TestClass]
public sealed class LibTorchFolderTests
{
    private static readonly NativePlatform Linux = new("linux", Architecture.X64, _ => true);

    private static string OwnLibraries => Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");

    [TestMethod]
    public void Load_WithGpuLibraries_LoadsEachBehindThoseItNeeds()
    {
        using TemporaryFolder folder = Folder("libtorch.so", "libtorch_cuda.so", "libc10_cuda.so", "libtorch_cpu.so", "libc10.so", "libtorch_python.so");
        CollectionAssert.AreEqual(new[] { "libc10.so", "libtorch_cpu.so", "libc10_cuda.so", "libtorch_cuda.so", "libtorch.so" }, LoadedFrom(folder, new Version(2, 11, 0)));
    }

    [TestMethod]
    public void Load_WithoutGpuLibraries_LoadsTheOthers()
    {
        using TemporaryFolder folder = Folder("libtorch.so", "libtorch_cpu.so", "libc10.so");
        CollectionAssert.AreEqual(new[] { "libc10.so", "libtorch_cpu.so", "libtorch.so" }, LoadedFrom(folder, LibTorchFolder.OldestVersion));
    }

    [TestMethod]
    [DataRow("2.9.1", "is 2.9.1")]
    [DataRow(null, "does not tell its version")]
    public void Load_OldLibTorch_IsRefused(string? version, string words)
    {
        using TemporaryFolder folder = Folder("libtorch.so", "libtorch_cpu.so", "libc10.so");
        NativeRuntimeException error = Assert.ThrowsExactly<NativeRuntimeException>(() => LoadedFrom(folder, version is null ? null : Version.Parse(version)));
        Assert.AreEqual("2.10", error.RequiredVersion);
        Assert.Contains(words, error.Message);
        Assert.Contains(folder.FullName, error.Message);
    }

    [TestMethod]
    public void Load_LoaderRefuses_SaysWhatItSays()
    {
        using TemporaryFolder folder = Folder("libtorch.so", "libtorch_cpu.so", "libc10.so");
        NativeRuntimeException error = Assert.ThrowsExactly<NativeRuntimeException>(new LibTorchFolder(folder.FullName, NativePlatform.Current).Load);
        Assert.AreEqual("libc10.so", error.Library);
        Assert.Contains("file too short", error.Message);
    }

    [TestMethod]
    public void OldestVersion_IsThatOfThePackage() =>
        Assert.AreEqual(LibTorchFolder.OldestVersion, Version.Parse(string.Join('.', torch.__version__.Split('.')[..2])));

    /// <summary>A program without a libtorch of its own: only the variable can give it one.</summary>
    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void EnsureLoaded_VariableNamesAFolder_TakesLibTorchFromThere()
    {
        using var program = new ProgramWithoutLibTorch();
        using var elsewhere = new TemporaryFolder();
        foreach (string library in Directory.EnumerateFiles(OwnLibraries).Where(file => Path.GetFileName(file).StartsWith("libtorch", StringComparison.Ordinal) || Path.GetFileName(file) is ['l', 'i', 'b', 'c' or 'g', ..]))
        {
            File.CreateSymbolicLink(Path.Combine(elsewhere.FullName, Path.GetFileName(library)), library);
        }

        Assert.AreEqual((0, ""), program.Run(elsewhere.FullName));

        (int exitCode, string said) = program.Run(folder: "");
        Assert.AreEqual(1, exitCode);
        Assert.Contains("no package that brings libtorch", said);

        (exitCode, said) = program.Run("/no/such/folder");
        Assert.AreEqual(1, exitCode);
        Assert.Contains("ARCFACE_LIBTORCH is '/no/such/folder', and there is no such folder.", said);

        (exitCode, said) = program.Run(Path.GetTempPath());
        Assert.AreEqual(1, exitCode);
        Assert.Contains("this folder holds no libc10.so.", said);
    }

    private static TemporaryFolder Folder(params string[] files)
    {
        var folder = new TemporaryFolder();
        Array.ForEach(files, file => folder.Write(file, []));
        return folder;
    }

    private static string[] LoadedFrom(TemporaryFolder folder, Version? version)
    {
        var loaded = new List<string>();
        new LibTorchFolder(folder.FullName, Linux).Load(
            file =>
            {
                Assert.AreEqual(folder.FullName, Path.GetDirectoryName(file));
                loaded.Add(Path.GetFileName(file));
                return loaded.Count;
            },
            _ => version);
        return [.. loaded];
    }
}

/// <summary>The samples beside TorchSharp's native library, but without libtorch.</summary>
file sealed class ProgramWithoutLibTorch : IDisposable
{
    private readonly TemporaryFolder _folder = new(), _output = new();

    public ProgramWithoutLibTorch()
    {
        // Without Samples.deps.json the runtime looks for libraries beside the program alone.
        string[] files = [.. Directory.EnumerateFiles(SamplesProgram.Folder, "*.dll"), Path.Combine(SamplesProgram.Folder, "Samples.runtimeconfig.json"),
            .. Directory.EnumerateFiles(Path.Combine(SamplesProgram.Folder, "runtimes", "linux-x64", "native")).Where(file => Path.GetFileName(file) is "libLibTorchSharp.so" or "libSkiaSharp.so" or "libHarfBuzzSharp.so" or "libLdaNative.so")];
        foreach (string file in files)
        {
            File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        }
    }

    /// <summary>Trains, which nothing but libtorch can: the exit code, and the errors printed.</summary>
    public (int ExitCode, string Errors) Run(string folder)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(_folder.FullName, "Samples.dll"), "AngularMargin", "--pictures", "4", "--epochs", "1", "--output", _output.FullName])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["ARCFACE_LIBTORCH"] = folder },
        };
        using Process process = Process.Start(start)!;
        Task<string> said = process.StandardOutput.ReadToEndAsync();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, errors);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _output.Dispose();
    }
}
