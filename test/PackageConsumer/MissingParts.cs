using Microsoft.Extensions.DependencyInjection;
using Microsoft.ML;
using Microsoft.ML.ArcFace;
using Microsoft.ML.Data;

// An application that references ArcFace.MLNet.Embedding alone. Each way to load a model is the first that its process asks of
// the library, and has to name the package that the model needs beside it; without one it has to embed.
// Usage: load | embedder | service | gpu, MODEL [PACKAGE]
string path = args[1], package = args.ElementAtOrDefault(2) ?? "";
try
{
    using IDisposable loaded = args[0] switch
    {
        "load" => (IDisposable)new MLContext().Model.Load(path, out _),
        "gpu" => (IDisposable)new MLContext { GpuDeviceId = 0 }.Model.Load(path, out _),
        "embedder" => new FaceEmbedder(path),
        "service" => new ServiceCollection().AddFaceEmbedder(path).BuildServiceProvider().GetRequiredService<FaceEmbedder>(),
        _ => throw new ArgumentException($"There is no way '{args[0]}'."),
    };
    Console.WriteLine($"{args[0]}: loaded");
    return package == "" ? 0 : 1;
}
catch (Exception error)
{
    string message = error.GetBaseException().Message;
    Console.WriteLine($"{args[0]}: {message}");
    return package != "" && message.Contains(package, StringComparison.Ordinal) ? 0 : 1;
}
