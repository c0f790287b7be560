using System.Globalization;
using System.Runtime.InteropServices;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>
/// The libraries of a libtorch that is installed already, in place of those of a package: the folder <c>lib</c> of a libtorch
/// archive or of Python's package torch. What is loaded first serves all that ask for a library of this name later.
/// </summary>
internal sealed class LibTorchFolder
{
    /// <summary>The environment variable that names the folder.</summary>
    public const string Variable = "ARCFACE_LIBTORCH";

    /// <summary>What TorchSharp's native library is built for. It calls functions that older ones lack, which would end the process.</summary>
    public static readonly Version OldestVersion = new(2, 10);

    // Each after those it needs; without a GPU there is no c10_cuda and no torch_cuda.
    private static readonly (string Name, bool IsNeeded)[] Libraries = [("c10", true), ("torch_cpu", true), ("c10_cuda", false), ("torch_cuda", false), ("torch", true)];

    private readonly string _folder;
    private readonly NativePlatform _platform;

    /// <param name="folder">What the variable says.</param>
    /// <param name="platform">Decides the files' names.</param>
    /// <exception cref="NativeRuntimeException">It is no folder that holds a libtorch.</exception>
    public LibTorchFolder(string folder, NativePlatform platform)
    {
        (_folder, _platform) = (folder, platform);
        if (Array.Find(Libraries, library => library.IsNeeded && !File.Exists(PathOf(library.Name))).Name is { } missing)
        {
            throw Unfit(missing, null, Directory.Exists(folder) ? $"this folder holds no {platform.LibraryFileName(missing)}." : "there is no such folder.");
        }
    }

    /// <summary>Loads the libraries, and refuses a libtorch that is too old.</summary>
    /// <exception cref="NativeRuntimeException">It is too old, or the system's loader refuses it.</exception>
    public void Load() => Load(NativeLibrary.Load, VersionOf);

    /// <inheritdoc cref="Load()"/>
    /// <param name="load">Loads a file or throws.</param>
    /// <param name="versionOf">The version of a loaded torch_cpu; null if it does not say.</param>
    internal void Load(Func<string, nint> load, Func<nint, Version?> versionOf)
    {
        foreach ((string name, _) in Libraries.Where(library => File.Exists(PathOf(library.Name))))
        {
            nint library = Load(load, name);
            if (name == "torch_cpu" && versionOf(library) is var version && !(version >= OldestVersion))
            {
                throw Unfit(name, OldestVersion.ToString(), $"this libtorch {(version is null ? "does not tell its version, as old ones do not" : $"is {version}")}: TorchSharp {NativeLibraries.TorchSharpVersion} needs {OldestVersion} or newer.");
            }
        }
    }

    private nint Load(Func<string, nint> load, string name)
    {
        try
        {
            return load(PathOf(name));
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            throw Unfit(name, null, $"the system's loader refuses {_platform.LibraryFileName(name)}: {error.Message.TrimEnd()}", error);
        }
    }

    /// <summary>libtorch tells its version by a function in C: major, minor and patch in a byte each, the highest first.</summary>
    private static unsafe Version? VersionOf(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "aoti_torch_abi_version", out nint function))
        {
            return null;
        }

        ulong version = ((delegate* unmanaged<ulong>)function)();
        return new Version((int)(version >> 56), (int)(version >> 48 & 0xFF), (int)(version >> 40 & 0xFF));
    }

    private string PathOf(string library) => Path.Combine(_folder, _platform.LibraryFileName(library));

    private NativeRuntimeException Unfit(string library, string? version, string problem, Exception? error = null) => new(
        _platform.LibraryFileName(library), version, string.Create(CultureInfo.InvariantCulture, $"{Variable} is '{_folder}', and {problem}"),
        $"Set it to the folder lib of a libtorch {OldestVersion} or of Python's torch (python3 -c 'import torch; print(torch.__path__[0] + \"/lib\")'), or unset it to use the program's own libtorch.", error);
}
