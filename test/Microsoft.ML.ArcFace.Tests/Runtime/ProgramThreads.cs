using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Runtime;

/// <summary>Computes with libtorch before the library does, in a process of its own, and prints how many threads there are.</summary>
internal static class ProgramThreads
{
    public const string Name = "threads-of-the-program";

    public static void Run()
    {
        Print("at first");
        set_num_threads(2);
        _ = EmbeddingDevice.Choose(new MLContext());
        Print("libtorch loaded by the program");
        using (ProcessorThreads.Choose(1))
        {
            Print("chosen");
            NativeLibraries.EnsureLoaded();
            Print("chosen, libtorch loaded by the library");
        }

        Print("at last");
    }

    /// <summary>libtorch counts for each thread that calls it; this one is new.</summary>
    private static void Print(string when)
    {
        var thread = new Thread(() => Console.WriteLine($"{when}: {ProcessorThreads.Count}"));
        thread.Start();
        thread.Join();
    }
}
