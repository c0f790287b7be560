using Microsoft.ML.ArcFace.Backbones.Inference;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Weights;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Embedding;

/// <summary>Decides where a model is computed: on the processor, where libtorch is needed for bfloat16 only, or on a GPU by libtorch.</summary>
internal sealed class EmbeddingDevice
{
    private const string AskForFloat32 = $"set {nameof(FaceEmbeddingEstimator.Options.InferencePrecision)} to {nameof(InferencePrecision.Float32)}";

    private readonly IHostEnvironment _environment;
    private readonly ITorchRuntime? _torch;
    private readonly IGpu? _gpu;

    private EmbeddingDevice(IHostEnvironment environment, ITorchRuntime? torch, IGpu? gpu) => (_environment, _torch, _gpu) = (environment, torch, gpu);

    /// <summary>Takes the GPU that the MLContext asks for, or the processor.</summary>
    /// <exception cref="NativeRuntimeException">A GPU is asked for, and the native torch library cannot be loaded.</exception>
    /// <exception cref="InvalidOperationException">The GPU is not there, or nothing that could use it, and the CPU may not take its place.</exception>
    public static EmbeddingDevice Choose(IHostEnvironment environment) => Choose(environment, TorchRuntime.Instance);

    /// <summary>The same with libtorch or, where that is null, without it.</summary>
    internal static EmbeddingDevice Choose(IHostEnvironment environment, ITorchRuntime? torch)
    {
        torch?.FollowThreadsOfProgram();
        var hardware = (IHostEnvironmentInternal)environment;
        if (hardware.GpuDeviceId is not { } id || (torch is null && hardware.FallbackToCpu))
        {
            return new EmbeddingDevice(environment, torch, gpu: null);
        }

        return torch is not null
            ? new EmbeddingDevice(environment, torch, torch.ChooseGpu(id, hardware.FallbackToCpu))
            : throw new InvalidOperationException(
                $"MLContext.GpuDeviceId is {id}, but GPUs are used by libtorch, which this program does not bring. Add the package {TorchRuntime.Package}, and TorchSharp-cuda-linux or TorchSharp-cuda-windows; " +
                "or set MLContext.GpuDeviceId to null for the CPU, or MLContext.FallbackToCpu = true to take the CPU where no GPU can be used.");
    }

    /// <summary>
    /// Makes room for the weights of a network: in the context's folder for temporary files, or in memory where none can be written, which is told to the log.
    /// </summary>
    public WeightStore KeepWeights(NetworkDescription network)
    {
        string folder = ((IHostEnvironmentInternal)_environment).TempFilePath;
        try
        {
            return WeightStore.InFile(network, folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            using IChannel channel = _environment.Start(nameof(FaceEmbeddingTransformer));
            channel.Info($"The weights of the model are in memory twice, for no temporary file can hold them as they were trained ({error.Message.TrimEnd('.')}); MLContext.{nameof(MLContext.TempFilePath)} names another folder.");
            return WeightStore.InMemory(network);
        }
    }

    /// <summary>Has a network computed; on the processor it is made when the first face is embedded.</summary>
    public Lazy<IFaceNetwork> Compute(NetworkDescription network, IReadOnlyDictionary<string, StateTensor> tensors, InferencePrecision precision)
    {
        if (_gpu is not null)
        {
            return new Lazy<IFaceNetwork>(_gpu.Load(network, tensors, precision));
        }

        IBFloat16Arithmetic? bfloat16 = precision == InferencePrecision.BFloat16 ? FindBFloat16() : null;
        return new Lazy<IFaceNetwork>(() =>
        {
            var computed = new InferenceNetwork(network, tensors, VectorWidths.Best, () => ProcessorThreads.Count, bfloat16);
            if (bfloat16 is not null && computed.Precision != InferencePrecision.BFloat16)
            {
                Warn($"The model asks for bfloat16, but the network '{network.Name}' has steps that are computed in float32 alone, so that all of it is; {AskForFloat32}.");
            }

            return computed;
        });
    }

    private IBFloat16Arithmetic? FindBFloat16()
    {
        if (_torch is null)
        {
            Warn(
                $"The model asks for bfloat16, which is computed by libtorch; this program does not bring that, so that the model computes in float32. Add the package {TorchRuntime.Package} and TorchSharp-cpu, " +
                $"or {AskForFloat32}.");
        }

        try
        {
            return _torch?.CreateBFloat16();
        }
        catch (NativeRuntimeException error)
        {
            Warn($"The model asks for bfloat16, which is computed by libtorch; that cannot be loaded, so that the model computes in float32. {error.Message} Or {AskForFloat32}.");
            return null;
        }
    }

    private void Warn(string message)
    {
        using IChannel channel = _environment.Start(nameof(FaceEmbeddingTransformer));
        channel.Warning(message);
    }
}
