using System.Runtime.InteropServices;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>What the explanation of a failed load depends on.</summary>
/// <param name="OperatingSystem">NuGet's name: linux, win or osx.</param>
/// <param name="Architecture">Of the process, which under emulation is not the machine's.</param>
/// <param name="CanLoad">Whether a system library of this file name can be loaded.</param>
internal sealed record NativePlatform(string OperatingSystem, Architecture Architecture, Func<string, bool> CanLoad)
{
    /// <summary>The platform of this process.</summary>
    public static NativePlatform Current { get; } = new(
        System.OperatingSystem.IsWindows() ? "win" : System.OperatingSystem.IsMacOS() ? "osx" : "linux",
        RuntimeInformation.ProcessArchitecture,
        fileName => NativeLibrary.TryLoad(fileName, out _));

    /// <summary>NuGet's runtime identifier, such as linux-x64.</summary>
    public string RuntimeIdentifier => $"{OperatingSystem}-{Architecture.ToString().ToLowerInvariant()}";

    /// <summary>What a library is called as a file, such as libtorch_cpu.so for torch_cpu.</summary>
    public string LibraryFileName(string name) => OperatingSystem switch
    {
        "win" => $"{name}.dll",
        "osx" => $"lib{name}.dylib",
        _ => $"lib{name}.so",
    };
}
