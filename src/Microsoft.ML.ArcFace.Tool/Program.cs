using Microsoft.ML.ArcFace.Terminal;
using Microsoft.ML.ArcFace.Tool;

using var signals = new StopSignals();
return await ArcFaceCommand.InvokeAsync(args, Console.Out, Console.Error, signals.Token);
