using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Tool.Commands;

// Microsoft.ML.Command is a namespace.
using Command = System.CommandLine.Command;

/// <summary>arcface doctor: what is here, what does not work, what to do about it.</summary>
internal static class DoctorCommand
{
    private const string Description = """
        Tells versions, native libraries and devices, and what to do where something does not work: exit code 3 if so. Examples:
          arcface doctor
          arcface doctor --json
        """;

    public static Command Create()
    {
        var command = new Command("doctor", Description);
        command.Answer(_ => Run());
        return command;
    }

    private static ToolAnswer Run()
    {
        NativeCheck[] libraries = [NativeCheck.OfTorch(), NativeCheck.OfOnnxRuntime(), NativeCheck.OfImages()];
        GpuCheck gpu = GpuCheck.Run(isTorchLoaded: libraries[0].Problem is null);
        var load = MachineLoad.Measure();
        var versions = new VersionFacts(
            ArcFace: VersionOf(typeof(FaceRecognitionCatalog)), MlNet: VersionOf(typeof(MLContext)), TorchSharp: NativeLibraries.TorchSharpVersion,
            OnnxRuntime: VersionOf(typeof(OnnxRuntime.InferenceSession)), Dotnet: RuntimeInformation.FrameworkDescription);
        var machine = new MachineFacts(
            OperatingSystem: RuntimeInformation.OSDescription, RuntimeIdentifier: NativePlatform.Current.RuntimeIdentifier, Processors: Environment.ProcessorCount,
            MemoryBytes: GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, Avx512: Avx512F.IsSupported, Bfloat16: TorchDevices.IsFastInBFloat16(TorchSharp.torch.CPU),
            Busy: load.IsBusy, TakenByOthers: Math.Round(load.TakenByOthers, 2), Threads: NativeThreads.LetSleep());
        var facts = new DoctorFacts(versions, machine, libraries, gpu, Healthy: Array.TrueForAll(libraries, library => library.Problem is null));
        return new ToolAnswer(facts, Text(), facts.Healthy ? ExitCode.Done : ExitCode.No);

        string Text() => string.Join(Environment.NewLine, (string[])
        [
            $"ArcFace.MLNet {versions.ArcFace}, ML.NET {versions.MlNet}, TorchSharp {versions.TorchSharp}, ONNX Runtime {versions.OnnxRuntime}, {versions.Dotnet}",
            string.Create(CultureInfo.InvariantCulture, $"{machine.OperatingSystem} ({machine.RuntimeIdentifier}), {machine.Processors} processors, {machine.MemoryBytes / 1e9:F1} GB"),
            $"AVX-512: {YesOrNo(machine.Avx512)} (embedding takes it if so, else AVX2 or what there is); bfloat16: {YesOrNo(machine.Bfloat16)} (training uses it if so)",
            $"The machine is {load}.",
            $"Torch's threads wait as {(machine.Threads.Length > 0 ? machine.Threads : "its OpenMP chooses")} says.",
            .. libraries.Select(library => $"{library.Name}: {library.Problem ?? "works"}"),
            $"GPU: {(gpu.Count > 0 ? $"{gpu.Count}, numbered from 0; train and serve with MLContext.GpuDeviceId or --gpu" : gpu.WhyNot)}",
        ]);
    }

    private static string YesOrNo(bool value) => value ? "yes" : "no";

    private static string VersionOf(Type type) => AssemblyVersion.Of(type.Assembly);
}

/// <summary>Tells what is installed, and whether it works.</summary>
internal sealed record DoctorFacts(VersionFacts Versions, MachineFacts Machine, NativeCheck[] Libraries, GpuCheck Gpu, bool Healthy) : ToolFacts;

/// <summary>Lists the versions of what is installed.</summary>
internal sealed record VersionFacts(string ArcFace, string MlNet, string TorchSharp, string OnnxRuntime, string Dotnet);

/// <summary>Describes the machine.</summary>
internal sealed record MachineFacts(
    string OperatingSystem, string RuntimeIdentifier, int Processors, long MemoryBytes, bool Avx512, bool Bfloat16,
    bool Busy, double TakenByOthers, string Threads);

/// <summary>Whether a native library does what it is for.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Problem">Why it does not work and what to do; null: it works.</param>
internal sealed record NativeCheck(string Name, string? Problem)
{
    public static NativeCheck OfTorch() => Try("libtorch, which trains", () =>
    {
        NativeLibraries.EnsureLoaded();
        using TorchSharp.torch.Tensor ones = TorchSharp.torch.ones(2, 2);
        using TorchSharp.torch.Tensor product = ones.matmul(ones);
        return product.data<float>()[0] == 2;
    });

    public static NativeCheck OfOnnxRuntime() => Try("ONNX Runtime, for detectors with other operators", () => OnnxRuntime.OrtEnv.Instance().GetVersionString().Length > 0);

    public static NativeCheck OfImages() => Try("SkiaSharp, which decodes", () =>
    {
        using Microsoft.ML.Data.MLImage image = Microsoft.ML.Data.MLImage.CreateFromPixels(1, 1, Microsoft.ML.Data.MLPixelFormat.Bgra32, [1, 2, 3, 255]);
        return image.Pixels[2] == 3;
    });

    private static NativeCheck Try(string name, Func<bool> works)
    {
        try
        {
            return new NativeCheck(name, works() ? null : "it is loaded, but computes wrong results. Reinstall the tool.");
        }
#pragma warning disable CA1031 // Whatever is wrong is what was asked for.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return new NativeCheck(name, error.GetBaseException().Message);
        }
    }
}

/// <summary>Which GPUs can be used, and why none.</summary>
/// <param name="Count">CUDA GPUs.</param>
/// <param name="WhyNot">Where there are none: why, and what to do.</param>
internal sealed record GpuCheck(int Count, string? WhyNot)
{
    public static GpuCheck Run(bool isTorchLoaded)
    {
        if (!isTorchLoaded)
        {
            return new GpuCheck(0, "libtorch is not loaded; see above.");
        }

        int count = TorchSharp.torch.cuda.is_available() ? TorchSharp.torch.cuda.device_count() : 0;
        bool hasDriver = NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1", out _);
        return new GpuCheck(count, count > 0 ? null : hasDriver
            ? "NVIDIA's driver is here, but this libtorch computes on processors only. Set ARCFACE_LIBTORCH to the folder lib of a libtorch for CUDA, such as that of Python's torch; a program of your own may reference TorchSharp-cuda-linux or TorchSharp-cuda-windows in place of TorchSharp-cpu."
            : "none is used: NVIDIA's driver is not installed. Without a GPU everything runs on the processor.");
    }
}
