using Microsoft.ML.ArcFace.Tool;

return await ArcFaceCommand.InvokeAsync(args, Console.Out, Console.Error);
