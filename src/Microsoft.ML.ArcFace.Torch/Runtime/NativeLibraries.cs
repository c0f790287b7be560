using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Microsoft.ML.ArcFace.Runtime;

/// <summary>
/// Loads the native torch library before TorchSharp does. TorchSharp blames a missing package whatever the cause, and
/// where that package lies in NuGet's cache it copies half a gigabyte beside the program, which then runs on the
/// developer's machine alone. Where the environment variable ARCFACE_LIBTORCH names a folder, the libtorch there takes the
/// place of the program's own (<see cref="LibTorchFolder"/>).
/// </summary>
internal static class NativeLibraries
{
    private static readonly Lazy<Exception?> LoadError = new(LoadOnce);

    // typeof does not run the static constructor of torch, which loads the library.
    private static readonly System.Reflection.Assembly TorchSharpAssembly = typeof(TorchSharp.torch).Assembly;

    private static volatile bool s_countsThreads;

    /// <summary>The version of TorchSharp, and of the packages that bring its native library, such as "0.107.0".</summary>
    public static string TorchSharpVersion { get; } = TorchSharpAssembly.GetName().Version!.ToString(3);

    /// <summary>Loads the native library once a process; to be called before the first use of torch.</summary>
    /// <exception cref="NativeRuntimeException">It cannot be loaded.</exception>
    public static void EnsureLoaded()
    {
        switch (LoadError.Value)
        {
            case NativeRuntimeException refused:
                throw refused;
            case { } error when !LoadsFromPackageFolders:
                throw NativeLoadFailure.Explain(error, NativePlatform.Current, TorchSharpVersion);
        }
    }

    private static Exception? LoadOnce()
    {
        NativeThreads.LetSleep();
        Exception? error = LoadFound();
        if (error is null)
        {
            CountThreads();
        }

        return error;
    }

    /// <summary>Counts threads by libtorch where the program has loaded it itself by TorchSharp.</summary>
    public static void FollowThreadsOfProgram()
    {
        if (!s_countsThreads)
        {
            using var process = Process.GetCurrentProcess();
            if (process.Modules.Cast<ProcessModule>().Any(module => module.ModuleName.Contains("LibTorchSharp", StringComparison.Ordinal)))
            {
                CountThreads();
            }
        }
    }

    /// <summary>Programs set torch's threads, and networks that are computed without it take as many.</summary>
    private static void CountThreads()
    {
        ProcessorThreads.CountBy(TorchSharp.torch.get_num_threads, TorchSharp.torch.set_num_threads);
        s_countsThreads = true;
    }

    private static Exception? LoadFound()
    {
        if (Environment.GetEnvironmentVariable(LibTorchFolder.Variable) is not { Length: > 0 } folder)
        {
            return Load(ByNameFromTorchSharp);
        }

        try
        {
            new LibTorchFolder(folder, NativePlatform.Current).Load();
            return TryLoad(ByNameFromTorchSharp, "LibTorchSharp");
        }
        catch (NativeRuntimeException error)
        {
            return error;
        }
    }

    /// <summary>In a notebook TorchSharp runs from NuGet's cache and gathers the native files by itself.</summary>
    private static bool LoadsFromPackageFolders =>
        TorchSharpAssembly.Location.Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar) is [.., _, "lib", _, _];

    /// <summary>Loads in TorchSharp's order; the second library decides.</summary>
    /// <param name="load">Loads a library by name or throws.</param>
    /// <returns>Null if the library is loaded, otherwise what the system's loader says.</returns>
    internal static Exception? Load(Action<string> load)
    {
        TryLoad(load, "torch_cpu");
        return TryLoad(load, "LibTorchSharp");
    }

    private static Exception? TryLoad(Action<string> load, string name)
    {
        try
        {
            load(name);
            return null;
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            return error;
        }
    }

    private static void ByNameFromTorchSharp(string name) => NativeLibrary.Load(name, TorchSharpAssembly, searchPath: null);
}
