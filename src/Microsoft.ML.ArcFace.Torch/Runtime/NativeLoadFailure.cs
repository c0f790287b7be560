using System.Text.RegularExpressions;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>
/// Finds the cause of a failed load in what the system's loader says. On Unix .NET gathers one line from each attempt:
/// most of them only say that a folder does not hold the file, one of them says what matters.
/// </summary>
internal static partial class NativeLoadFailure
{
    // What the native packages of TorchSharp are built for.
    private static readonly string[] SupportedPlatforms = ["linux-x64", "win-x64", "osx-arm64"];

    // Part of Microsoft's Visual C++ runtime, which the libraries for Windows are linked to.
    private static readonly string[] VisualCppLibraries = ["vcruntime140.dll", "vcruntime140_1.dll", "msvcp140.dll"];

    /// <summary>Names the library and the version that is missing, and the way to get it.</summary>
    /// <param name="error">What loading the native library threw.</param>
    /// <param name="platform">Where it was to be loaded.</param>
    /// <param name="torchSharpVersion">The version that the native packages must have.</param>
    public static NativeRuntimeException Explain(Exception error, NativePlatform platform, string torchSharpVersion)
    {
        string text = error.Message;
        NativeRuntimeException Because(string library, string? version, string problem, string remedy) => new(library, version, problem, remedy, error);

        if (!SupportedPlatforms.Contains(platform.RuntimeIdentifier))
        {
            return Because("LibTorchSharp", null,
                $"TorchSharp {torchSharpVersion} has none for {platform.RuntimeIdentifier}.", $"Run on one of {string.Join(", ", SupportedPlatforms)}.");
        }

        if (text.Contains("Error relocating", StringComparison.Ordinal) || text.Contains("Error loading shared library", StringComparison.Ordinal))
        {
            return Because("libc.so.6", "GLIBC_2.34",
                "it needs glibc 2.34 or newer, and this system's C library is musl.", "Use a system or container image with glibc, such as Debian 13 or Ubuntu 24.04.");
        }

        if (MissingVersion().Match(text) is { Success: true } version)
        {
            return VersionMissing(version.Groups["file"].Value, version.Groups["version"].Value, Because);
        }

        if (UnfitFile().Match(text) is { Success: true } unfit)
        {
            return Because(Path.GetFileName(unfit.Groups["file"].Value), null,
                $"the file {unfit.Groups["file"].Value} is damaged or for another processor ({unfit.Groups["reason"].Value}).",
                "Delete the program's bin and obj folders, then restore and build again.");
        }

        if (MissingDependency().Match(text) is { Success: true } dependency && !TorchFile().IsMatch(dependency.Groups["file"].Value))
        {
            string file = dependency.Groups["file"].Value;
            return Because(file, null, $"it needs {file}, which this system lacks.", "Install the package of your distribution that holds it.");
        }

        if (platform.OperatingSystem == "win" && VisualCppLibraries.FirstOrDefault(file => !platform.CanLoad(file)) is { } missing)
        {
            return Because(missing, "14.0",
                $"it needs Microsoft's Visual C++ runtime, of which {missing} is missing.", "Install the Microsoft Visual C++ Redistributable (x64) for Visual Studio 2015-2022.");
        }

        if (error is BadImageFormatException)
        {
            return Because("LibTorchSharp", null,
                "the file that was found is not a library for this processor.", "Delete the program's bin and obj folders, then restore and build again.");
        }

        string[] unexplained = [.. text.Split('\n', StringSplitOptions.TrimEntries).Skip(1).Where(line => line.Length > 0 && !Absence().IsMatch(line))];
        return unexplained.Length > 0
            ? Because("LibTorchSharp", null, $"the system's loader says: {string.Join(' ', unexplained)}", $"Check that all packages of TorchSharp have the version {torchSharpVersion}.")
            : Because(platform.LibraryFileName("torch_cpu"), torchSharpVersion,
                $"the program has no package that brings libtorch for {platform.RuntimeIdentifier}.",
                $"Add one to the program: `dotnet add package TorchSharp-cpu --version {torchSharpVersion}`; for a GPU, TorchSharp-cuda-linux or TorchSharp-cuda-windows of the same version.");
    }

    private static NativeRuntimeException VersionMissing(string file, string version, Func<string, string?, string, string, NativeRuntimeException> because)
    {
        string library = Path.GetFileName(file);
        if (version.StartsWith("GLIBC_", StringComparison.Ordinal))
        {
            return because(library, version,
                $"it needs glibc with {version}, and {file} is older.", "Use a newer system or container image: Debian 13 or Ubuntu 24.04, for example.");
        }

        return because(library, version,
            $"it needs {library} with {version}, and {file} is older.",
            "Debian 13 and Ubuntu 24.04 have a new enough one (GCC 13 or newer). " +
            "On Debian 12, add Debian 13 (trixie) as a second apt source pinned at priority 100 and run `apt-get install -t trixie libstdc++6`, " +
            "which build/setup.sh in this package's repository does; on Ubuntu 22.04, run `add-apt-repository ppa:ubuntu-toolchain-r/test` and `apt-get install libstdc++6`.");
    }

    [GeneratedRegex(@"(?<file>\S+): version [`'](?<version>\w+_[\d.]+)' not found")]
    private static partial Regex MissingVersion();

    // glibc's words, then those of macOS, whose line may begin with "dlopen(".
    [GeneratedRegex(@"(?<file>/[^:\n]+): (?<reason>wrong ELF class[^\n]*|invalid ELF header|file too short)|'(?<file>/[^']+)' \((?<reason>mach-o file, but is an incompatible architecture[^)]*\)?)")]
    private static partial Regex UnfitFile();

    // A name without a folder: a library that another one asks for, not an attempt of .NET.
    [GeneratedRegex(@"^(?<file>[^/\s:]+\.so[.\d]*): cannot open shared object file|Library not loaded: (?<file>\S+)", RegexOptions.Multiline)]
    private static partial Regex MissingDependency();

    // Lines that say no more than that a file was looked for and not found.
    [GeneratedRegex(@"No such file or directory|\(no such file|Library not loaded:|Referenced from:")]
    private static partial Regex Absence();

    [GeneratedRegex(@"^(@rpath/|.*[/\\])?(lib)?(torch|c10)")]
    private static partial Regex TorchFile();
}
